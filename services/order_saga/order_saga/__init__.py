"""Takes orders and drives each one's payment saga."""
