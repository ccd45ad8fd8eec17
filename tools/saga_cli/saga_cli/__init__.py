"""The command `saga`: list, explain and operate orders over HTTP."""
