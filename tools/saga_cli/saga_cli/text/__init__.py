"""Orders, amounts and dead letters as text for the terminal."""
