"""What is generated from the Create Order saga's declaration."""
