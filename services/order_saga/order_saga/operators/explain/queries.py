"""What the database knows of an order that somebody asks about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from saga_engine.declaration import Definition
from saga_schemas.envelope import derived_message_id
from sqlalchemy import Connection, Row, func, select

from order_saga.create_order.state import OrderSaga
from order_saga.operators.explain.facts import Said
from order_saga.runtime.orm import messaging
from order_saga.runtime.orm import sagas as table
from order_saga.runtime.repository import saga_of


@dataclass(frozen=True, slots=True)
class Known:
    """An order, the database's time, and the message that its state began with."""

    saga: OrderSaga
    now: datetime
    since: datetime
    said: Said | None
    until: datetime | None


def find_known(
    connection: Connection, order_id: str, versions: Mapping[int, Definition]
) -> Known | None:
    """Return what the database knows of an order; None if there is no such order.

    Raises:
        DefinitionUnknown: Only another replica can explain the order.
    """
    query = select(table, func.now().label("now")).where(table.c.id == order_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    saga = saga_of(row, versions)
    said = _said(connection, saga)
    since = said.decided_at if said else row.updated_at
    return Known(saga, row.now, min(since, row.now), said, _until(row, said))


def _said(connection: Connection, saga: OrderSaga) -> Said | None:
    outbox = messaging.outbox.c
    began_with = derived_message_id(
        saga.id, saga.state, saga.attempts.get(saga.state, saga.attempt)
    )
    query = select(outbox.type, outbox.created_at, outbox.sent_at).where(
        outbox.message_id == began_with
    )
    row = connection.execute(query).one_or_none()
    return Said(row.type, row.created_at, row.sent_at) if row else None


def _until(row: Row[tuple[object, ...]], said: Said | None) -> datetime | None:
    """The time of a step counts from when Kafka had its command; see `SqlSagas.due`."""
    if row.deadline_at is None or said is None:
        return row.deadline_at
    if said.sent_at is None:
        return None
    return max(row.deadline_at, said.sent_at + (row.deadline_at - row.updated_at))
