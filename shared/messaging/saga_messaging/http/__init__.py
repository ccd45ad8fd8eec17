"""HTTP endpoints and errors that every service has."""
