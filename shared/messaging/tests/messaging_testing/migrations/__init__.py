"""The participant's tables."""
