"""The commands of `saga`, each a function over the services' HTTP APIs."""
