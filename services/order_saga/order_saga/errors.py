"""What a caller of the orders API can do wrong, and what may be in the way."""

from collections.abc import Collection
from datetime import datetime


class OrderSagaError(Exception):
    """Base of this service's errors."""


class IdempotencyKeyReused(OrderSagaError):
    """The Idempotency-Key was used before, with another order."""


class OrderUnknown(OrderSagaError):
    """There is no order of this id."""


class DefinitionUnknown(OrderSagaError):
    """This code does not have the version of an order's saga, or a state that the order is in.

    During a rolling upgrade a replica that is not upgraded yet meets orders of the new version; it
    leaves them to the replicas that have it.

    Args:
        version: The version that the order started with.
        known: The versions that this code has.
        states: The states of the order that the version does not have in this code.
    """

    def __init__(self, version: int, known: Collection[int], states: Collection[str] = ()) -> None:
        versions = ", ".join(map(str, sorted(known)))
        unknown = f"definition_version: {version} is not among the versions of this replica"
        problem = f"{unknown} ({versions})"
        if states:
            names = ", ".join(sorted(states))
            problem = f"state: version {version} of this replica does not have {names}"
        super().__init__(f"{problem}; a replica that has it handles the order")
        self.version = version


class CursorUnknown(OrderSagaError):
    """The cursor of a list is none that a page named."""


class NewOrdersPaused(OrderSagaError):
    """An operator has stopped new orders: `by` whom, why (`note`), `since` when."""

    def __init__(self, by: str, note: str, since: datetime) -> None:
        super().__init__(f"New orders are paused by {by} since {since.isoformat()}: {note}")
        self.by, self.note, self.since = by, note, since


class KafkaUnavailable(OrderSagaError):
    """Kafka did not respond in time, or responded with an error; the message says which."""


class DeadLetterNotFound(OrderSagaError):
    """The dead letter does not exist, or Kafka no longer keeps it."""


class DeadLetterAlreadyHandled(OrderSagaError):
    """The dead letter was replayed or dropped before."""


class DeadLetterNotReplayable(OrderSagaError):
    """The origin of the dead letter is invalid, or it was cut when it was stored."""
