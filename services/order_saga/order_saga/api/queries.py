"""Read-only queries of orders, and their views."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from saga_messaging.delivery.outbox_rows import is_parked
from saga_schemas.values import Failure
from sqlalchemy import Connection, func, select, tuple_, union

from order_saga.api.history import HistoryEntry, find_parts
from order_saga.create_order.messages import LineItem
from order_saga.create_order.state import State
from order_saga.errors import InvalidCursor, OrderNotFound
from order_saga.runtime.orm import deferred, messaging, sagas


class OrderSummary(BaseModel):
    """An order and its state. Amounts are in the currency's minor unit.

    `state` and `parked` can name a state that only newer replicas have, during a rolling upgrade.
    `definition_version` is the version of the saga that the order started with.
    """

    id: str
    definition_version: int
    state: State | str
    reason: Failure | None
    payment_intent_id: str | None
    capture_before: datetime | None
    clerk_user_id: str
    amount: int
    currency: str
    description: str
    line_items: tuple[LineItem, ...]
    attempt: int
    parked: State | str | None
    captured: int
    refunded: int
    disputed: bool
    deadline_at: datetime | None
    overdue: bool
    created_at: datetime
    updated_at: datetime


class OrderView(OrderSummary):
    """An order with its saga's history, oldest entry first.

    A long history leaves out `history_omitted` entries after the one with the `message_id`
    `history_omitted_after`. GET /orders/{id}/history has them: it is the `cursor` of their page.
    """

    history: list[HistoryEntry]
    history_omitted: int
    history_omitted_after: UUID | None


class OrderPage(BaseModel):
    """A page of orders, newest first; `next_cursor` is null on the last page."""

    orders: list[OrderSummary]
    next_cursor: str | None


_late = sagas.c.deadline_at < func.now()
_refused = messaging.outbox.c

# Orders that need attention, are overdue, have a deadline that passed and did not fire, have a
# reply that waits for a newer replica, or a message that Kafka refused. Each part has an index of
# few rows: a condition on every order would be evaluated for all that are finished.
_STUCK = union(
    select(sagas.c.id).where(sagas.c.parked.is_not(None)),
    select(sagas.c.id).where(sagas.c.overdue),
    select(sagas.c.id).where(_late, ~sagas.c.overdue),
    select(deferred.c.correlation_id),
    select(_refused.correlation_id).where(is_parked(messaging.outbox)),
)


def get_order(
    connection: Connection, order_id: str, history_limit: int, history_first: int
) -> OrderView:
    """Return an order with at most `history_limit` entries of its history.

    Of a longer history, they are its `history_first` first and its newest ones.

    Raises:
        OrderNotFound: There is no such order.
    """
    query = select(sagas).where(sagas.c.id == order_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise OrderNotFound(order_id)
    history, omitted, after = find_parts(connection, order_id, history_limit, history_first)
    facts = {"history": history, "history_omitted": omitted, "history_omitted_after": after}
    return OrderView.model_validate({**row, **facts})


def list_orders(  # noqa: PLR0913 - one argument for each filter
    connection: Connection,
    *,
    state: State | None,
    clerk_user_id: str | None,
    overdue: bool | None,
    stuck: bool | None = None,
    limit: int,
    cursor: str | None,
) -> OrderPage:
    """Return at most `limit` orders, newest first; a filter that is None does not apply.

    Consecutive pages show every order that existed at the first page once, also while new orders
    are placed: the sort key, creation time and id, never changes.

    Raises:
        InvalidCursor: The cursor was not issued by a previous page.
    """
    newest_first = sagas.c.created_at.desc(), sagas.c.id.desc()
    query = select(sagas).order_by(*newest_first).limit(limit + 1)
    if state:
        query = query.where(sagas.c.state == state)
    if clerk_user_id:
        query = query.where(sagas.c.clerk_user_id == clerk_user_id)
    if overdue is not None:
        query = query.where(sagas.c.overdue == overdue)
    if stuck is not None:
        query = query.where(sagas.c.id.in_(_STUCK) if stuck else sagas.c.id.not_in(_STUCK))
    if cursor:
        previous = tuple_(*_sort_key(connection, cursor))
        query = query.where(tuple_(sagas.c.created_at, sagas.c.id) < previous)
    rows = connection.execute(query).mappings()
    found = [OrderSummary.model_validate(dict(row)) for row in rows]
    page = found[:limit]
    return OrderPage(orders=page, next_cursor=page[-1].id if len(found) > limit else None)


def _sort_key(connection: Connection, order_id: str) -> tuple[datetime, str]:
    query = select(sagas.c.created_at, sagas.c.id).where(sagas.c.id == order_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InvalidCursor
    return row.created_at, row.id
