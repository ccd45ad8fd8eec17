"""The HTTP edge of the Stripe API: requests, faults, allowed origins."""
