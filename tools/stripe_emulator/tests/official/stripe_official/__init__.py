"""What Stripe publishes of its API, and how an answer is held to it."""
