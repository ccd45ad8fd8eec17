"""Parked records as operators see them: list, retry, drop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import BaseModel
from sqlalchemy import Connection, Table, func, select, update

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.outbox_rows import is_parked
from saga_messaging.errors import ParkedRecordNotFound

logger = structlog.get_logger(__name__)


class ParkedRecord(BaseModel):
    """A record that Kafka refused.

    Attributes:
        correlation_id: The order.
        size_bytes: The bytes of its value.
        held: Records of the same topic and order that wait behind it.
    """

    message_id: UUID
    correlation_id: str
    type: str
    topic: str
    size_bytes: int
    created_at: datetime
    parked_at: datetime
    reason: str
    held: int


class UnsentTopic(BaseModel):
    """The records of a topic that Kafka has not acknowledged.

    Attributes:
        unsent: Their number; parked records and those held behind them included.
        oldest_at: When the oldest was stored.
        problem: Why they wait, as the process that responds knows it; null if it knows of nothing.
    """

    topic: str
    unsent: int
    oldest_at: datetime | None
    problem: str | None


class OutboxPage(BaseModel):
    """The topics with unsent records, and the newest parked records.

    `whole` is false if there are more parked records than the page has.
    """

    topics: list[UnsentTopic]
    parked: list[ParkedRecord]
    whole: bool


class ParkedRecords:
    """Lists, retries and drops the parked records of a service.

    Every method raises DatabaseUnavailable if PostgreSQL does not respond in time.
    """

    def __init__(self, outbox: Outbox, give_up_after_seconds: float) -> None:
        self._outbox = outbox
        self._table = outbox.table
        self._give_up_after = give_up_after_seconds

    async def newest(self, limit: int, correlation_id: str | None = None) -> OutboxPage:
        """Return the topics, and at most `limit` parked records, of one order if it is given."""

        def work(connection: Connection) -> tuple[Sequence[UnsentTopic], list[ParkedRecord]]:
            topics = _unsent_topics(connection, self._table, self._outbox.problems)
            return topics, find_parked_records(connection, self._table, limit + 1, correlation_id)

        topics, parked = await self._outbox.database.transaction(
            work, give_up_after_seconds=self._give_up_after
        )
        return OutboxPage(topics=list(topics), parked=parked[:limit], whole=len(parked) <= limit)

    async def retry(self, message_id: UUID, by: str, note: str) -> ParkedRecord:
        """Publish a record again, and then those behind it; it is parked again if still refused.

        Raises:
            ParkedRecordNotFound: No such record is parked.
        """
        # A claim older than that of every record behind it, so that a sweep takes it first.
        changes = {
            "parked_at": None,
            "parked_reason": None,
            "claimed_until": self._table.c.created_at,
        }
        return await self._change("outbox_record_retried", message_id, by, note, changes)

    async def drop(self, message_id: UUID, by: str, note: str) -> ParkedRecord:
        """Give a record up, and let those behind it go on; the row remains.

        Raises:
            ParkedRecordNotFound: No such record is parked.
        """
        reason = f"by {by}: {note}" if note else f"by {by}"
        changes = {"dropped_at": func.now(), "dropped_note": reason}
        return await self._change("outbox_record_dropped", message_id, by, note, changes)

    async def _change(
        self, event: str, message_id: UUID, by: str, note: str, changes: Mapping[str, object]
    ) -> ParkedRecord:
        table = self._table

        def work(connection: Connection) -> ParkedRecord:
            found = find_parked_records(connection, table, 1, message_id=message_id)
            one = update(table).where(table.c.message_id == message_id, is_parked(table))
            if not found or not connection.execute(one.values(dict(changes))).rowcount:
                raise ParkedRecordNotFound(message_id)
            return found[0]

        record = await self._outbox.database.transaction(
            work, give_up_after_seconds=self._give_up_after
        )
        facts = record.model_dump(mode="json", exclude={"reason"})
        logger.warning(event, **facts, by=by, note=note)
        self._outbox.wake()
        return record


def find_parked_records(
    connection: Connection,
    table: Table,
    limit: int,
    correlation_id: str | None = None,
    message_id: UUID | None = None,
) -> list[ParkedRecord]:
    """Return at most `limit` of the newest parked records, of one order or with one id if given."""
    behind = table.alias("behind")
    held = (
        select(func.count())
        .where(
            behind.c.correlation_id == table.c.correlation_id,
            behind.c.topic == table.c.topic,
            behind.c.key == table.c.key,
            behind.c.sent_at.is_(None),
            behind.c.parked_at.is_(None),
        )
        .scalar_subquery()
    )
    query = (
        select(
            table,
            func.octet_length(table.c.value).label("size_bytes"),
            table.c.parked_reason.label("reason"),
            held.label("held"),
        )
        .where(is_parked(table))
        .order_by(table.c.parked_at.desc(), table.c.message_id)
        .limit(limit)
    )
    if correlation_id is not None:
        query = query.where(table.c.correlation_id == correlation_id)
    if message_id is not None:
        query = query.where(table.c.message_id == message_id)
    rows = connection.execute(query).mappings()
    return [ParkedRecord.model_validate(dict(row)) for row in rows]


def _unsent_topics(
    connection: Connection, table: Table, problems: dict[str, str]
) -> Sequence[UnsentTopic]:
    query = (
        select(table.c.topic, func.count().label("unsent"), func.min(table.c.created_at))
        .where(table.c.sent_at.is_(None), table.c.dropped_at.is_(None))
        .group_by(table.c.topic)
        .order_by(table.c.topic)
    )
    found = {row.topic: row for row in connection.execute(query)}
    return [
        UnsentTopic(
            topic=topic,
            unsent=found[topic].unsent if topic in found else 0,
            oldest_at=found[topic][2] if topic in found else None,
            problem=problems.get(topic),
        )
        for topic in sorted({*found, *problems})
    ]
