"""The orchestrator's runtime: one transaction for each batch of messages, requests or deadlines."""
