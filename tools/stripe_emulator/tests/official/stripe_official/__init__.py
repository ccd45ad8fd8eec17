"""Checks of responses against Stripe's published API."""
