"""Dead letters: list and show them, replay or drop them."""
