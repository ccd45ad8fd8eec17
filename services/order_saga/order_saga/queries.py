"""What the API shows of orders: read-only, straight from the tables."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from saga_schemas.values import Failure
from sqlalchemy import Connection, Row, literal, select, tuple_, union_all

from order_saga.domain import State
from order_saga.orm import messaging, sagas


class HistoryEntry(BaseModel):
    """A message in or out. `at`: when it was taken up, or decided; `sent_at`: acked by Kafka."""

    at: datetime
    direction: Literal["in", "out"]
    type: str
    message_id: UUID
    note: str
    sent_at: datetime | None = None


class OrderSummary(BaseModel):
    """An order and where it stands. Amounts are in the currency's minor unit."""

    id: str
    state: State
    reason: Failure | None
    payment_intent_id: str | None
    capture_before: datetime | None
    clerk_user_id: str
    amount: int
    currency: str
    description: str
    line_items: list[dict[str, Any]]
    attempt: int
    deadline_at: datetime | None
    overdue: bool
    created_at: datetime
    updated_at: datetime


class OrderView(OrderSummary):
    """An order with its saga's whole history, oldest first."""

    history: list[HistoryEntry]


class OrderPage(BaseModel):
    """Some orders, newest first; `next_cursor` leads to the next page, None on the last."""

    orders: list[OrderSummary]
    next_cursor: str | None


def find_order(connection: Connection, order_id: str, history_limit: int) -> OrderView | None:
    """One order with its history; None where there is none."""
    row = connection.execute(select(sagas).where(sagas.c.id == order_id)).one_or_none()
    if row is None:
        return None
    history = _history(connection, order_id, history_limit)
    return OrderView(**_columns(row), history=history)


def list_orders(
    connection: Connection,
    *,
    state: State | None,
    clerk_user_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
) -> Sequence[OrderSummary]:
    """At most `limit` orders, newest first, older than `after` (creation time and id)."""
    query = select(sagas).order_by(sagas.c.created_at.desc(), sagas.c.id.desc()).limit(limit)
    if state:
        query = query.where(sagas.c.state == state)
    if clerk_user_id:
        query = query.where(sagas.c.clerk_user_id == clerk_user_id)
    if after:
        query = query.where(tuple_(sagas.c.created_at, sagas.c.id) < tuple_(*after))
    return [OrderSummary(**_columns(row)) for row in connection.execute(query)]


def _history(connection: Connection, order_id: str, limit: int) -> list[HistoryEntry]:
    inbox, outbox = messaging.inbox.c, messaging.outbox.c
    came_in = select(
        inbox.received_at.label("at"),
        literal("in").label("direction"),
        inbox.type,
        inbox.message_id,
        inbox.effect.label("note"),
        literal(None, outbox.sent_at.type).label("sent_at"),
    ).where(inbox.correlation_id == order_id)
    went_out = select(
        outbox.created_at,
        literal("out"),
        outbox.type,
        outbox.message_id,
        literal("to ") + outbox.topic,
        outbox.sent_at,
    ).where(outbox.correlation_id == order_id)
    rows = connection.execute(union_all(came_in, went_out).order_by("at", "direction").limit(limit))
    return [HistoryEntry(**row._mapping) for row in rows]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _columns(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
