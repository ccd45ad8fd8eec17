"""Stripe's objects: their state, and the JSON of each."""
