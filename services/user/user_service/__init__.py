"""Users by Clerk id, with their Stripe customer and saved card."""
