"""The payment service: authorizes, captures, cancels and refunds payments at Stripe."""
