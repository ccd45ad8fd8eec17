"""A small service on saga_messaging to be killed, and what its tests share."""
