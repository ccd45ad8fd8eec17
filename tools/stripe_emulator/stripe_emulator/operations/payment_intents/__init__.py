"""The operations on PaymentIntents: states, confirmation, cancellation, search."""
