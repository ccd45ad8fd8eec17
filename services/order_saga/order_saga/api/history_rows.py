"""The rows that the history of an order consists of, from all tables that have a part of it."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from order_saga.runtime.orm import archived_messages, messaging, refused_requests

_once: ColumnElement[Any] = literal(1, Integer).label("times")
_no_time: ColumnElement[Any] = cast(null(), TIMESTAMP(timezone=True))
_no_text: ColumnElement[Any] = cast(null(), Text)


def history_rows(order_id: str) -> CTE:
    """Return what an order received and sent, also what is archived, and what was refused."""
    parts = (_received(order_id), _sent(order_id), _archived(order_id), _refused(order_id))
    return union_all(*parts).cte("history")


def _received(order_id: str) -> Select[*tuple[Any, ...]]:
    inbox = messaging.inbox.c
    return select(
        inbox.received_at.label("at"),
        literal("in").label("direction"),
        inbox.type,
        inbox.message_id,
        inbox.effect.label("note"),
        inbox.message["causation_id"].astext.label("causation_id"),
        _no_time.label("sent_at"),
        _once,
        _no_time.label("last_at"),
    ).where(inbox.correlation_id == order_id)


def _sent(order_id: str) -> Select[*tuple[Any, ...]]:
    outbox = messaging.outbox.c
    return select(
        outbox.created_at,
        literal("out"),
        outbox.type,
        outbox.message_id,
        literal("to ")
        + outbox.topic
        + func.coalesce(
            literal(", dropped ") + outbox.dropped_note,
            literal(", parked: ") + outbox.parked_reason,
            "",
        ),
        _no_text,
        outbox.sent_at,
        _once,
        _no_time,
    ).where(outbox.correlation_id == order_id)


def _archived(order_id: str) -> Select[*tuple[Any, ...]]:
    entry = (
        func.jsonb_to_recordset(archived_messages.c.entries)
        .table_valued(
            column("at", TIMESTAMP(timezone=True)),
            column("type", Text),
            column("message_id", Uuid),
            column("note", Text),
            column("causation_id", Text),
            column("sent_at", TIMESTAMP(timezone=True)),
        )
        .render_derived(with_types=True)
    )
    message = entry.c
    return (
        select(
            message.at,
            archived_messages.c.direction,
            message.type,
            message.message_id,
            message.note,
            message.causation_id,
            message.sent_at,
            _once,
            _no_time,
        )
        .select_from(archived_messages.join(entry, true()))
        .where(archived_messages.c.saga_id == order_id)
    )


def _refused(order_id: str) -> Select[*tuple[Any, ...]]:
    refused = refused_requests.c
    return select(
        refused.first_at,
        literal("in"),
        refused.type,
        refused.id,
        refused.effect,
        _no_text,
        _no_time,
        refused.times,
        refused.last_at,
    ).where(refused.saga_id == order_id)
