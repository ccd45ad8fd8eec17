"""The Create Order saga: `saga` declares it, the other modules define what it refers to."""
