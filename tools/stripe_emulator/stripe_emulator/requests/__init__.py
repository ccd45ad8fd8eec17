"""One request to the Stripe API, from its API key to its logged response."""
