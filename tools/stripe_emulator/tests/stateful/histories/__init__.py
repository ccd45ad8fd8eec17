"""Histories of calls: a caller, a model of the expected results, and checks."""
