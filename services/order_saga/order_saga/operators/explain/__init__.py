"""The explanation of an order: what it waits for, since when, until when, and why."""
