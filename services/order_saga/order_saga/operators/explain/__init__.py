"""Explanations of orders: what an order waits for, since when, until when, and why."""
