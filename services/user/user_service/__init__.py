"""Users by Clerk id, their Stripe customer and saved card."""
