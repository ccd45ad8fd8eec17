"""The commands: one for each `make bench…`."""
