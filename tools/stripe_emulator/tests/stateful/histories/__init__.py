"""What a history of calls needs: a caller, a model that says what must come of each, and checks."""
