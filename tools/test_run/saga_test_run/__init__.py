"""A pytest plugin: a test that hangs is named and ends, and so does the run."""
