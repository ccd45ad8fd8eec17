"""Finished orders, made by SQL."""
