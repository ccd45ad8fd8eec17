"""What tests of the orchestrator are written in: an order's messages, its story, its sagas."""
