"""Stripe's objects: the state and the JSON of each, test cards and currencies."""
