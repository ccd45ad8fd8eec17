"""Other engines on the same work: Restate and DBOS."""
