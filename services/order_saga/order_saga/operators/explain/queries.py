"""The database query of an explanation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from saga_engine.declaration import Definition
from saga_messaging.delivery.parked_records import find_parked_records
from saga_schemas.envelope import derived_message_id
from sqlalchemy import Connection, Row, func, select

from order_saga.create_order.state import OrderSaga
from order_saga.operators.explain.facts import LastMessage, OrderContext, RefusedMessage
from order_saga.runtime.orm import messaging
from order_saga.runtime.orm import sagas as table
from order_saga.runtime.repository import saga_of

MAX_REFUSED: Final = 20
"""Most refused messages in an explanation."""


def find_order_context(
    connection: Connection, order_id: str, versions: Mapping[int, Definition]
) -> OrderContext | None:
    """Return an order with the times of its state; None if there is no such order.

    Raises:
        DefinitionUnknown: Only another replica can explain the order.
    """
    query = select(table, func.now().label("now")).where(table.c.id == order_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    saga = saga_of(row, versions)
    last = _last_message(connection, saga)
    since = last.decided_at if last else row.updated_at
    times_out_at = _times_out_at(row, last)
    refused = _refused(connection, order_id)
    return OrderContext(saga, row.now, min(since, row.now), last, times_out_at, refused)


def _refused(connection: Connection, order_id: str) -> list[RefusedMessage]:
    found = find_parked_records(connection, messaging.outbox, MAX_REFUSED, order_id)
    return [
        RefusedMessage(
            each.message_id, each.type, each.topic, each.parked_at, each.reason, each.held
        )
        for each in found
    ]


def _last_message(connection: Connection, saga: OrderSaga) -> LastMessage | None:
    outbox = messaging.outbox.c
    message_id = derived_message_id(
        saga.id, saga.state, saga.attempts.get(saga.state, saga.attempt)
    )
    columns = outbox.type, outbox.created_at, outbox.sent_at, outbox.dropped_note
    row = connection.execute(select(*columns).where(outbox.message_id == message_id)).one_or_none()
    return LastMessage(*row) if row else None


def _times_out_at(row: Row[tuple[object, ...]], last: LastMessage | None) -> datetime | None:
    """Count the time-out from when Kafka acknowledged the command, as `SqlSagas.due` does."""
    if row.deadline_at is None or last is None:
        return row.deadline_at
    if last.sent_at is None:
        return row.deadline_at if last.dropped else None
    return max(row.deadline_at, last.sent_at + (row.deadline_at - row.updated_at))
