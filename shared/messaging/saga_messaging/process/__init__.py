"""A service's process: command line, logs, startup and shutdown."""
