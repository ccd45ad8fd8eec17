"""The history of an order: its first and its newest part, or page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    func,
    or_,
    select,
    tuple_,
)

from order_saga.api.history_rows import history_rows
from order_saga.errors import InvalidCursor, OrderNotFound
from order_saga.runtime.orm import sagas


class HistoryEntry(BaseModel):
    """A message that an order's saga received or sent, or requests that were refused.

    `at` is when it was handled, or created. `sent_at` is when Kafka acknowledged it. `causation_id`
    is the message that led to a received one: the command that it replies to, or the payment
    service's reconciliation that found it; null for events at Stripe that had no command. Refused
    requests that are equal are one entry: `times` is their number, `last_at` the time of the last.
    """

    at: datetime
    direction: Literal["in", "out"]
    type: str
    message_id: UUID
    note: str
    causation_id: UUID | None = None
    sent_at: datetime | None = None
    times: int = 1
    last_at: datetime | None = None


class HistoryPage(BaseModel):
    """A page of a history, oldest entry first; `next_cursor` is null on the last page."""

    history: list[HistoryEntry]
    next_cursor: UUID | None


class Parts(NamedTuple):
    """The first and the newest entries of a history, and what is left out between them.

    Attributes:
        omitted: How many entries are left out.
        omitted_after: The entry before them, which is the cursor of their page; None if all are
            shown.
    """

    entries: list[HistoryEntry]
    omitted: int
    omitted_after: UUID | None


def find_parts(connection: Connection, order_id: str, limit: int, first: int) -> Parts:
    """Return at most `limit` entries: all, or the `first` ones and the newest ones."""
    entries = history_rows(order_id)
    total = func.count().over().label("total")
    nth = func.row_number().over(order_by=_key(entries)).label("nth")
    numbered = select(entries, total, nth).subquery()
    first = min(first, limit - 1)
    query = (
        select(numbered)
        .where(
            or_(
                numbered.c.total <= limit,
                numbered.c.nth <= first,
                numbered.c.nth > numbered.c.total - (limit - first),
            )
        )
        .order_by(numbered.c.nth)
    )
    rows = connection.execute(query).mappings().all()
    shown = [HistoryEntry.model_validate(dict(row)) for row in rows]
    omitted = rows[0]["total"] - len(shown) if rows else 0
    return Parts(shown, omitted, shown[first - 1].message_id if omitted and first else None)


def find_page(
    connection: Connection, order_id: str, limit: int, cursor: UUID | None
) -> HistoryPage:
    """Return at most `limit` entries after the cursor, which is the last entry's `message_id`.

    Raises:
        OrderNotFound: There is no such order.
        InvalidCursor: The cursor was not issued by a previous page of this history.
    """
    if connection.scalar(select(sagas.c.id).where(sagas.c.id == order_id)) is None:
        raise OrderNotFound(order_id)
    entries = history_rows(order_id)
    query = select(entries).order_by(*_key(entries)).limit(limit + 1)
    if cursor:
        last = connection.execute(
            select(*_key(entries)).where(entries.c.message_id == cursor)
        ).first()
        if last is None:
            raise InvalidCursor
        query = query.where(tuple_(*_key(entries)) > tuple_(*last))
    rows = connection.execute(query).mappings().all()
    page = [HistoryEntry.model_validate(dict(row)) for row in rows[:limit]]
    return HistoryPage(history=page, next_cursor=page[-1].message_id if len(rows) > limit else None)


def _key(entries: CTE) -> Sequence[ColumnElement[Any]]:
    """Return the order of entries; an entry's place never changes, also when it is archived."""
    return entries.c.at, entries.c.direction, entries.c.message_id
