"""The Create Order saga: `saga` is the page, the other modules are what its words refer to."""
