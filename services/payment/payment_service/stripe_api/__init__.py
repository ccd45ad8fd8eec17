"""Stripe's API: requests, and their responses as values."""
