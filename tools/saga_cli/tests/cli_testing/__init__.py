"""Helpers of the tests of saga_cli."""
