"""Rows of the outbox: insert, claim, mark as sent, park."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from saga_messaging.kafka.records import DEAD_LETTER, Outgoing
from saga_messaging.kafka.refusals import Refusal

FOREVER: Final = literal_column("'infinity'::timestamptz")
"""The claim of a parked row: no sweep takes it, not even one of the previous version."""

_ids = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))
_queued = bindparam("queued", type_=ARRAY(PG_UUID(as_uuid=True)))


@dataclass(frozen=True, slots=True)
class ParkedRows:
    """What is parked: the number of rows by topic, and the topics and keys behind which rows wait.

    A process reads this at each sweep; other rows of these keys are not sent.
    """

    counts: Mapping[str, int]
    keys: Collection[tuple[str, bytes]]


def is_parked(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is parked; the index of unsent rows serves it."""
    return (
        table.c.sent_at.is_(None)
        & (table.c.claimed_until == FOREVER)
        & table.c.dropped_at.is_(None)
    )


def store(
    connection: Connection, table: Table, records: Sequence[Outgoing], lease: timedelta
) -> set[UUID]:
    """Insert the records, and skip ids that are stored already; return the inserted ids."""
    statement = (
        insert(table)
        .values(claimed_until=func.now() + lease)
        .on_conflict_do_nothing()
        .returning(table.c.message_id)
    )
    return set(connection.scalars(statement, [_row(record) for record in records]))


def find_parked(connection: Connection, table: Table) -> ParkedRows:
    """Return the parked rows of every topic; the limit of parked rows bounds them."""
    query = select(table.c.topic, table.c.key, table.c.type).where(is_parked(table))
    counts: dict[str, int] = {}
    keys: set[tuple[str, bytes]] = set()
    for row in connection.execute(query):
        counts[row.topic] = counts.get(row.topic, 0) + 1
        if row.key is not None and row.type != DEAD_LETTER:
            keys.add((row.topic, bytes(row.key)))
    return ParkedRows(counts, keys)


def claim_expired(  # noqa: PLR0913 - the bounds of a sweep
    connection: Connection,
    table: Table,
    *,
    lease: timedelta,
    excluded: Collection[str],
    queued: Collection[UUID],
    limit: int,
    limit_bytes: int,
) -> tuple[list[Outgoing], bool]:
    """Claim rows whose lease has expired, at most `limit`, oldest claim first.

    Left are rows of the excluded topics, and rows behind an earlier one of their topic and key that
    is parked or that another process is about to send. At least one row is claimed, however large.
    Rows behind the `queued` ones, which this process is about to send, are claimed.

    Returns:
        The rows' records in the order of their creation, and True if there may be more.
    """
    expired = (
        select(table.c.message_id, func.octet_length(table.c.value).label("size"))
        .where(
            table.c.sent_at.is_(None),
            table.c.claimed_until < func.now(),
            table.c.topic.not_in(list(excluded)),
            (table.c.type == DEAD_LETTER) | ~_is_behind_a_claimed_row(table),
        )
        .order_by(table.c.claimed_until, table.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    )
    found = list(connection.execute(expired, {"queued": list(queued)}))
    ids = _within(found, limit_bytes)
    if not ids:
        return [], False
    claimed = connection.execute(
        update(table)
        .where(table.c.message_id == func.any(_ids))
        .values(claimed_until=func.now() + lease)
        .returning(*table.c),
        {"ids": ids},
    )
    rows = sorted(claimed, key=lambda row: row.created_at)
    return [_outgoing(row) for row in rows], len(found) == limit or len(ids) < len(found)


def _is_behind_a_claimed_row(table: Table) -> ColumnElement[bool]:
    """Return the condition that an earlier row of the topic and key is parked or leased."""
    earlier = table.alias("earlier")
    return (
        select(earlier.c.message_id)
        .where(
            earlier.c.correlation_id == table.c.correlation_id,  # the index
            earlier.c.topic == table.c.topic,
            earlier.c.key == table.c.key,
            earlier.c.type != DEAD_LETTER,
            earlier.c.sent_at.is_(None),
            earlier.c.dropped_at.is_(None),
            earlier.c.claimed_until >= func.now(),
            earlier.c.created_at < table.c.created_at,
            earlier.c.message_id != func.all(_queued),
        )
        .exists()
    )


def mark_sent(connection: Connection, table: Table, ids: Sequence[UUID]) -> None:
    """Record that the broker has acknowledged these records."""
    connection.execute(
        update(table).where(table.c.message_id == func.any(_ids)).values(sent_at=func.now()),
        {"ids": ids},
    )


def park(connection: Connection, table: Table, refusals: Sequence[Refusal]) -> None:
    """Park refused records, with the reason, until an operator retries or drops them."""
    for refusal in refusals:
        connection.execute(
            update(table)
            .where(table.c.message_id == refusal.record.message_id, table.c.sent_at.is_(None))
            .values(parked_at=func.now(), parked_reason=refusal.reason, claimed_until=FOREVER)
        )


def _within(rows: Sequence[Any], limit_bytes: int) -> list[UUID]:
    """Return the ids of the first rows that fit, and at least of one."""
    ids: list[UUID] = []
    size = 0
    for row in rows:
        size += row.size
        if ids and size > limit_bytes:
            break
        ids.append(row.message_id)
    return ids


def _row(record: Outgoing) -> dict[str, object]:
    return {
        "message_id": record.message_id,
        "correlation_id": record.correlation_id,
        "type": record.type,
        "topic": record.topic,
        "key": record.key,
        "value": record.value,
        "headers": dict(record.headers),
    }


def _outgoing(row: Row[tuple[object, ...]]) -> Outgoing:
    return Outgoing(
        message_id=row.message_id,
        correlation_id=row.correlation_id,
        type=row.type,
        topic=row.topic,
        key=None if row.key is None else bytes(row.key),
        value=bytes(row.value),
        headers=row.headers,
    )
