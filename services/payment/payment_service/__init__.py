"""Turns authorize_payment into a held PaymentIntent at Stripe."""
