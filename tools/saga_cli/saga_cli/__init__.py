"""The saga command: the local stack, the demo, and the view of every order."""
