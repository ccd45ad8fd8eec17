"""CPU time, latencies, counters and checks."""
