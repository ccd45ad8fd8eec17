"""The archive: what a history shows of the old messages of finished orders."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from saga_messaging.delivery.retention.personal_data import REMOVED
from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID, aggregate_order_by, insert
from sqlalchemy.sql.dml import ReturningDelete

from order_saga.create_order.messages import REQUEST_TYPES
from order_saga.runtime.orm import archived_messages, messaging, sagas
from order_saga.runtime.requests import digest

_inbox, _outbox = messaging.inbox.c, messaging.outbox.c

RECEIVED: Final[Sequence[ColumnElement[Any]]] = (
    _inbox.correlation_id.label("saga_id"),
    _inbox.received_at.label("at"),
    _inbox.message_id,
    _inbox.type,
    _inbox.effect.label("note"),
    _inbox.message["causation_id"].astext.label("causation_id"),
    cast(null(), _outbox.sent_at.type).label("sent_at"),
    case((_inbox.type.in_(REQUEST_TYPES), digest(_inbox.message["payload"]))).label("digest"),
)
"""What the archive keeps of a received message; of a request also its digest."""

SENT: Final[Sequence[ColumnElement[Any]]] = (
    _outbox.correlation_id.label("saga_id"),
    _outbox.created_at.label("at"),
    _outbox.message_id,
    _outbox.type,
    (
        literal("to ")
        + _outbox.topic
        + func.coalesce(literal(", dropped ") + _outbox.dropped_note, "")
    ).label("note"),
    cast(null(), _outbox.type.type).label("causation_id"),
    _outbox.sent_at,
    cast(null(), _outbox.type.type).label("digest"),
)
"""What the archive keeps of a message that was sent, or that an operator dropped."""

_REMOVE_REQUESTERS: Final = text(
    r"""
    UPDATE archived_messages SET entries = (
        SELECT jsonb_agg(
            entry || jsonb_build_object(
                'note', regexp_replace(entry ->> 'note', '( \(|(, dropped) )by .*$', '\2')
            ) ORDER BY nth
        )
        FROM jsonb_array_elements(entries) WITH ORDINALITY AS entries_of (entry, nth)
    )
    WHERE saga_id = ANY(:ids)
    AND (entries::text LIKE '% (by %' OR entries::text LIKE '%, dropped by %')
    """
)


def archive(
    connection: Connection, direction: Literal["in", "out"], removal: ReturningDelete[Any]
) -> int:
    """Delete messages and keep what `RECEIVED` or `SENT` says of them; return their number.

    Those without an order are deleted only. A message may be archived more than once, as it can
    arrive again after it was archived; its entries are then those of one row. Those of an order
    without personal data name no requester.

    Args:
        connection: The transaction.
        direction: Whether the messages were received or sent.
        removal: The statement that deletes them, and returns the columns of `RECEIVED` or `SENT`.
    """
    removed = removal.cte("removed")
    of_orders = removed.join(sagas, sagas.c.id == removed.c.saga_id)
    anonymous = (
        select(func.array_agg(sagas.c.id.distinct()))
        .select_from(of_orders)
        .where(sagas.c.clerk_user_id == REMOVED)
    )
    number = select(func.count()).select_from(removed)
    statement = select(
        number.scalar_subquery().label("number"), anonymous.scalar_subquery().label("anonymous")
    ).add_cte(_insertion(removed, of_orders, direction))
    result = connection.execute(statement).one()
    if result.anonymous:
        remove_requesters(connection, result.anonymous)
    return result.number


def _insertion(removed: CTE, of_orders: FromClause, direction: str) -> CTE:
    """Return the insertion of a row for each order, with its messages in their order."""
    message = removed.c
    order = (message.at, message.message_id)
    ids = aggregate_order_by(message.message_id, *order)
    columns = (
        message.saga_id,
        literal(direction, Text),
        func.array_agg(ids, type_=ARRAY(UUID(as_uuid=True)))[1],
        func.jsonb_agg(aggregate_order_by(_entry(removed), *order)),
    )
    rows = select(*columns).select_from(of_orders).group_by(message.saga_id)
    new = insert(archived_messages).from_select(
        ["saga_id", "direction", "message_id", "entries"], rows
    )
    entries = archived_messages.c.entries + new.excluded.entries
    return new.on_conflict_do_update(archived_messages.primary_key, set_={"entries": entries}).cte(
        "kept"
    )


def _entry(removed: CTE) -> ColumnElement[Any]:
    """Return the entry of a message: times in ISO 8601 with the zone, and nothing that is null."""
    names = ("at", "type", "message_id", "note", "causation_id", "sent_at", "digest")
    fields = [part for name in names for part in (literal_column(f"'{name}'"), removed.c[name])]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*fields))


def remove_requesters(connection: Connection, ids: Sequence[str]) -> None:
    """Remove who made a request or dropped a message, and the note, from archived histories."""
    connection.execute(_REMOVE_REQUESTERS, {"ids": list(ids)})
