"""Stripe webhooks: verify, store once, refresh the payment."""
