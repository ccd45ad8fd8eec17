"""The deadlines that have passed, by the time of the database and without that of outages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed, DeadlinePayload
from saga_schemas.envelope import LONGEST_TIMEOUT_SECONDS, reserved_message_id
from sqlalchemy import ColumnElement, Connection, and_, extract, false, func, or_, select

from order_saga.kafka_access import PARTICIPANTS
from order_saga.runtime.orm import deferred, messaging
from order_saga.runtime.orm import sagas as table

EXTENSION_LIMIT: Final = 10
"""Time-outs after which further outages, or restarts, no longer extend a deadline.

At the default time-out of 60 s, an outage of up to nine minutes rejects nothing.
"""

COMMAND_TOPICS: Final = [topic.name for topic in PARTICIPANTS]

SETTLED_SECONDS: Final = 5.0
"""Time without an outage that such a deadline waits for, so that replies in Kafka are handled."""


def deadlines_passed(
    connection: Connection,
    versions: Mapping[int, Definition],
    limit: int,
    available_seconds: float,
    skip: Collection[str] = (),
) -> Sequence[DeadlinePassed]:
    """Lock at most `limit` sagas whose deadline has passed; see `ports.Sagas.due`."""
    # The time-out counts from when the command was sent, so that an outage of Kafka is not
    # taken for a participant that does not respond. Other messages suspend no time-out.
    allowed = table.c.deadline_at - table.c.updated_at
    sent_at = messaging.outbox.c.sent_at
    not_sent_in_time = select(messaging.outbox.c.message_id).where(
        messaging.outbox.c.correlation_id == table.c.id,
        messaging.outbox.c.topic.in_(COMMAND_TOPICS),
        messaging.outbox.c.dropped_at.is_(None),
        sent_at.is_(None) | (sent_at > func.now() - allowed),
    )
    waiting = select(deferred.c.id).where(deferred.c.correlation_id == table.c.id)
    query = (
        select(table.c.id, table.c.state, table.c.attempt)
        .where(table.c.deadline_at <= func.now(), ~table.c.overdue)
        .where(_was_available(allowed, available_seconds))
        .where(~not_sent_in_time.exists(), ~waiting.exists())
        .where(_known_to(versions), table.c.id.not_in(skip))
        .order_by(table.c.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    )
    return [
        DeadlinePassed(
            correlation_id=row.id,
            message_id=reserved_message_id("deadline", row.id, row.state, row.attempt),
            payload=DeadlinePayload(state=row.state, attempt=row.attempt),
        )
        for row in connection.execute(query)
    ]


def _was_available(
    allowed: ColumnElement[timedelta], available_seconds: float
) -> ColumnElement[bool]:
    """Return the condition that an outage does not extend the deadline any more."""
    available = timedelta(seconds=min(available_seconds, LONGEST_TIMEOUT_SECONDS))
    settled = available_seconds >= SETTLED_SECONDS
    age = extract("epoch", func.now() - table.c.updated_at)
    extended = age > EXTENSION_LIMIT * extract("epoch", allowed) if settled else false()
    return or_(allowed <= available, extended)


def _known_to(versions: Mapping[int, Definition]) -> ColumnElement[bool]:
    """Return the condition that a saga's version and state are among these."""
    return or_(
        *(
            and_(table.c.definition_version == number, table.c.state.in_(list(definition.nodes)))
            for number, definition in versions.items()
        )
    )
