"""Users, orders and clients that load a local stack, and the events that end the orders."""
