"""Injected faults and the rate limit, as data and as armed."""
