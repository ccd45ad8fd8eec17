"""Dead letters: listed, shown, replayed and dropped by operators."""
