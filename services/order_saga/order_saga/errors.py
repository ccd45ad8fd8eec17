"""What a caller of the orders API can do wrong, and what may be in the way."""

from datetime import datetime


class OrderSagaError(Exception):
    """Base of this service's errors."""


class IdempotencyKeyReused(OrderSagaError):
    """The Idempotency-Key was used before, with another order."""


class OrderUnknown(OrderSagaError):
    """There is no order of this id."""


class DefinitionUnknown(OrderSagaError):
    """The saga began under a declaration that this code does not have: it is older."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"definition_version: {version} is newer than this code; run the code that has it"
        )


class CursorUnknown(OrderSagaError):
    """The cursor of a list is none that a page named."""


class NewOrdersPaused(OrderSagaError):
    """An operator has stopped new orders: `by` whom, why (`note`), `since` when."""

    def __init__(self, by: str, note: str, since: datetime) -> None:
        super().__init__(f"New orders are paused by {by} since {since.isoformat()}: {note}")
        self.by, self.note, self.since = by, note, since


class KafkaSilent(OrderSagaError):
    """Kafka did not answer in time, or not as it should."""


class LetterUnknown(OrderSagaError):
    """There is no such dead letter, or Kafka does not keep it any more."""


class LetterDealtWith(OrderSagaError):
    """The dead letter was replayed or dropped before; the message says by whom."""


class LetterNotWhole(OrderSagaError):
    """The dead letter cannot be sent as it came in; the message says why."""
