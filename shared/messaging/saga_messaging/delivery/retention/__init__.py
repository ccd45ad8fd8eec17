"""Removal of rows that nothing needs any more, in bounded steps."""
