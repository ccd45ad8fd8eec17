"""Comparison of all payments with Stripe, periodic and on demand."""
