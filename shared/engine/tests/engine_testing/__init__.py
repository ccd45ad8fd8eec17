"""Sagas that are declared for tests of the engine, and the means to walk their paths."""
