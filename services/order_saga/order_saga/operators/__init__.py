"""The HTTP API for operators: explain an order, handle dead letters, pause new orders."""
