"""The executor: performs leased operations at Stripe, a bounded number at a time."""
