"""Benchmarks of the system and its peers, on fresh local servers."""
