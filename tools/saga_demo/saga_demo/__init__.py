"""The command `saga demo`: orders with known outcomes on the local stack."""
