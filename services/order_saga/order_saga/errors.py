"""The service's errors; the `problems.py` of the HTTP rooms map each to an HTTP problem."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal


class OrderSagaError(Exception):
    """Base of the service's errors."""


class OrderNotFound(OrderSagaError):
    """There is no order with this id."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"There is no order {order_id}.")


class RequestRefused(OrderSagaError):
    """The order's state does not accept the request; the message says why."""


class IdempotencyKeyReused(OrderSagaError):
    """The Idempotency-Key was used before, with other content."""

    def __init__(self, kind: Literal["order", "request"]) -> None:
        super().__init__(f"Idempotency-Key: already used for another {kind}; use a new key.")


class InvalidCursor(OrderSagaError):
    """The cursor of a list was not issued by a previous page."""

    def __init__(self) -> None:
        super().__init__("`cursor` must be a `next_cursor` of a previous page.")


class NewOrdersPaused(OrderSagaError):
    """An operator paused new orders.

    Args:
        by: The operator.
        note: The reason.
        since: When new orders were paused.
        retry_after_seconds: When the caller should retry.
    """

    def __init__(self, by: str, note: str, since: datetime, retry_after_seconds: int) -> None:
        super().__init__(f"New orders are paused by {by} since {since.isoformat()}: {note}")
        self.by, self.note, self.since = by, note, since
        self.retry_after_seconds = retry_after_seconds


class TooManyOrders(OrderSagaError):
    """A new order could not make its deadlines, because too many wait before it.

    Args:
        waiting: The orders that wait for a reply.
        per_second: The measured rate of replies; None if there was none.
        retry_after_seconds: When enough of them will have been answered.
    """

    def __init__(self, waiting: int, per_second: float | None, retry_after_seconds: int) -> None:
        rate = f", and {per_second:.1f} a second are answered" if per_second else ""
        super().__init__(f"{waiting} orders are waiting{rate}; the order was not stored.")
        self.waiting = waiting
        self.retry_after_seconds = retry_after_seconds


class DefinitionUnknown(OrderSagaError):
    """The version of an order's saga, or a state that the order is in, is unknown to this code.

    During a rolling upgrade, a replica that is not upgraded yet meets orders of the new version. It
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


class KafkaUnavailable(OrderSagaError):
    """Kafka did not respond in time, or responded with an error; the message says which."""


class DeadLetterNotFound(OrderSagaError):
    """The dead letter does not exist, or Kafka no longer keeps it."""


class DeadLetterAlreadyHandled(OrderSagaError):
    """The dead letter was replayed or dropped before."""


class DeadLetterNotReplayable(OrderSagaError):
    """The origin of the dead letter is invalid, or it was cut when it was stored."""
