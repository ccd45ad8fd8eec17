"""The orchestrator at work: one transaction for each message, request and deadline."""
