"""The dashboard at `/` and the data that it reads."""
