"""Child processes, the ports they listen on, and readiness checks."""
