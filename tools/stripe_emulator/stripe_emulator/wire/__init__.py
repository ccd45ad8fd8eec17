"""Stripe's wire format: JSON, forms, parameters, messages and errors."""
