"""The archive: what a history shows of the old messages of finished orders."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal

from saga_messaging.delivery.retention.personal_data import REMOVED
from saga_messaging.delivery.retention.steps import AnyRow
from sqlalchemy import ColumnElement, Connection, case, cast, func, literal, null, select, text
from sqlalchemy.dialects.postgresql import insert

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
    connection: Connection, direction: Literal["in", "out"], messages: Sequence[AnyRow]
) -> None:
    """Keep rows with the columns of `RECEIVED` or `SENT`; leave out those without an order.

    A message may be archived more than once, as it can arrive again after it was archived; its
    entries are then those of one row. Those of an order without personal data name no requester.
    """
    ids = {message.saga_id for message in messages}
    found = select(sagas.c.id, sagas.c.clerk_user_id).where(sagas.c.id.in_(ids))
    known = {row.id: row.clerk_user_id for row in connection.execute(found)}
    ordered = sorted(messages, key=lambda message: (message.saga_id, message.at))
    rows = [
        _row(saga_id, direction, list(group))
        for saga_id, group in groupby(ordered, attrgetter("saga_id"))
        if saga_id in known
    ]
    if rows:
        new = insert(archived_messages)
        entries = archived_messages.c.entries + new.excluded.entries
        key = archived_messages.primary_key
        connection.execute(new.on_conflict_do_update(key, set_={"entries": entries}), rows)
        remove_requesters(connection, [id_ for id_, user in known.items() if user == REMOVED])


def remove_requesters(connection: Connection, ids: Sequence[str]) -> None:
    """Remove who made a request or dropped a message, and the note, from archived histories."""
    connection.execute(_REMOVE_REQUESTERS, {"ids": list(ids)})


def _row(saga_id: str, direction: str, messages: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "saga_id": saga_id,
        "message_id": messages[0].message_id,
        "direction": direction,
        "entries": [_entry(message) for message in messages],
    }


def _entry(message: AnyRow) -> dict[str, str]:
    entry: Iterable[tuple[str, Any]] = (
        ("at", message.at.isoformat()),
        ("type", message.type),
        ("message_id", str(message.message_id)),
        ("note", message.note),
        ("causation_id", message.causation_id),
        ("sent_at", message.sent_at and message.sent_at.isoformat()),
        ("digest", message.digest),
    )
    return {name: value for name, value in entry if value}
