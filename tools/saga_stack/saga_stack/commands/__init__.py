"""The commands `saga up` and `saga doctor`."""
