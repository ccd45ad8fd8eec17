"""The interface that the use cases need from the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from saga_engine.messages import DeadlinePassed

from order_saga.create_order.messages import PlaceOrder
from order_saga.create_order.state import OrderSaga
from order_saga.errors import DefinitionUnknown


@dataclass(frozen=True, slots=True)
class Placement:
    """A posted order. Two with one `idempotency_key` are one order if their digests are equal."""

    message: PlaceOrder
    idempotency_key: str | None
    digest: str


Found: TypeAlias = OrderSaga | DefinitionUnknown
"""A saga that was found, or why this code cannot read it."""


class Sagas(Protocol):
    """The sagas, inside one transaction: what is saved is kept when, and only when, it commits."""

    def now(self) -> datetime:
        """The database's time, which every replica shares."""
        ...

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        """Store new sagas. Returns the ids of those whose idempotency key was not taken."""
        ...

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[Found, str]]:
        """The saga and the digest that each key was first used with."""
        ...

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, Found]:
        """The sagas that exist of these, locked against other processes until the commit."""
        ...

    def earlier(self, message_id: UUID) -> tuple[Any, str] | None:
        """The payload and the effect of a message that was taken before, or None."""
        ...

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        """Store the new state of sagas that were locked."""
        ...

    def due(self, limit: int) -> Sequence[DeadlinePassed]:
        """Lock sagas whose deadline has passed.

        Left out are those that another process has locked, those of versions and in states that
        this code does not have, and those with a reply that an older process has left to a newer
        one.
        """
        ...
