"""Support for tests of the orchestrator: messages, stories, simulated and recorded histories."""
