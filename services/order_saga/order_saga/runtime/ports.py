"""The port of the use cases: a repository of sagas."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from saga_engine.messages import DeadlinePassed
from saga_schemas import Envelope

from order_saga.create_order.messages import PlaceOrder
from order_saga.create_order.state import OrderSaga
from order_saga.errors import DefinitionUnknown


@dataclass(frozen=True, slots=True)
class Placement:
    """A posted order. Two with one `idempotency_key` are one order if their digests are equal.

    Attributes:
        message: The order, with the id of its new saga.
        idempotency_key: The caller's, or None.
        digest: The hash of the request's body.
    """

    message: PlaceOrder
    idempotency_key: str | None
    digest: str

    @property
    def message_id(self) -> UUID:
        """The id of the message, which identifies the placement in a batch."""
        return self.message.message_id


Found: TypeAlias = OrderSaga | DefinitionUnknown
"""A saga, or the error that says why this code cannot read it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier message with the same id: its effect, and whether it requested the same."""

    same: bool
    effect: str


class Sagas(Protocol):
    """A repository of sagas inside one transaction; the caller commits it."""

    def now(self) -> datetime:
        """Return the time of the database, which all replicas share."""
        ...

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        """Store new sagas; return the ids of those whose idempotency key was not in use."""
        ...

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[Found, str]]:
        """Return the saga and the digest that each key was first used with."""
        ...

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, Found]:
        """Return those sagas that exist, locked against other processes until the commit."""
        ...

    def earlier(self, message: Envelope) -> Earlier | None:
        """Return how a message with this id was handled before, or None."""
        ...

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        """Store the new state of locked sagas."""
        ...

    def due(
        self, limit: int, available_seconds: float = math.inf, skip: Collection[str] = ()
    ) -> Sequence[DeadlinePassed]:
        """Lock at most `limit` sagas whose deadline has passed; return a message for each.

        A time-out longer than `available_seconds`, the time since the last outage, has not passed,
        unless it has been extended too often: see `deadlines.EXTENSION_LIMIT`.

        Sagas are skipped if their id is in `skip`, if another process has locked them, if this
        code does not have their version or state, or if a deferred reply waits for a newer process.
        """
        ...
