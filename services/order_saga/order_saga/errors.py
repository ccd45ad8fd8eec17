"""What a caller of the orders API can do wrong."""


class OrderSagaError(Exception):
    """Base of this service's errors."""


class IdempotencyKeyReused(OrderSagaError):
    """The Idempotency-Key was used before, with another order."""


class OrderUnknown(OrderSagaError):
    """There is no order of this id."""


class CursorUnknown(OrderSagaError):
    """The cursor of a list is none that a page named."""
