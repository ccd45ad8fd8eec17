"""The outbox: messages stored with the change that causes them, and published after its commit."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Row, Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings

_ids = bindparam("ids", type_=ARRAY(PG_UUID(as_uuid=True)))


class Outbox:
    """Stores messages in the caller's transaction, and publishes them once it has committed.

    Every stored message is published at least once, even if the process crashes: `offer` queues
    it in memory, and a sweep of any process claims rows whose lease has expired. Any number of
    processes may share one table.
    """

    def __init__(
        self, table: Table, database: Database, publisher: Publisher, settings: MessagingSettings
    ) -> None:
        self._table = table
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self._lease = timedelta(seconds=settings.outbox_lease_seconds)
        self._queue: deque[Outgoing] = deque()
        self._in_memory: set[UUID] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    def store(self, connection: Connection, records: Sequence[Outgoing]) -> list[Outgoing]:
        """Insert the records in the caller's transaction, and skip ids that are stored already.

        Returns:
            The inserted records, to be offered once the transaction has committed.
        """
        if not records:
            return []
        statement = (
            insert(self._table)
            .values(claimed_until=func.now() + self._lease)
            .on_conflict_do_nothing()
            .returning(self._table.c.message_id)
        )
        new = set(connection.scalars(statement, [_row(record) for record in records]))
        return [record for record in records if record.message_id in new]

    def offer(self, records: Sequence[Outgoing]) -> None:
        """Queue committed records for publishing; a sweep finds those beyond the memory limit."""
        for record in records[: self._room()]:
            if record.message_id not in self._in_memory:
                self._in_memory.add(record.message_id)
                self._queue.append(record)
        self._wake.set()

    async def relay(self) -> None:
        """Publish offered records at once, and expired rows at each sweep, until `stop`."""
        loop = asyncio.get_running_loop()
        next_sweep = loop.time()
        while not self._stopping:
            if loop.time() >= next_sweep and (room := self._room()):
                pause = 0 if await self._sweep(room) else self._settings.outbox_sweep_seconds
                next_sweep = loop.time() + pause
            self._wake.clear()
            if self._queue:
                await self._send_batch()
            elif not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), next_sweep - loop.time())
        while self._queue:
            await self._send_batch()

    def stop(self) -> None:
        """Let `relay` return once every offered record is published."""
        self._stopping = True
        self._wake.set()

    def _room(self) -> int:
        return self._settings.outbox_memory_limit - len(self._in_memory)

    async def _sweep(self, room: int) -> bool:
        """Queue up to `room` rows whose lease has expired; return True if there may be more."""
        limit = min(room, self._settings.outbox_batch_size)
        claimed = await self._database.transaction(
            lambda connection: self._claim_expired(connection, limit)
        )
        self.offer(claimed)
        return len(claimed) == limit

    async def _send_batch(self) -> None:
        size = min(len(self._queue), self._settings.outbox_batch_size)
        batch = [self._queue.popleft() for _ in range(size)]
        ids = [record.message_id for record in batch]
        await self._publisher.publish(batch)
        await self._database.transaction(lambda connection: self._mark_sent(connection, ids))
        self._in_memory.difference_update(ids)

    def _mark_sent(self, connection: Connection, ids: list[UUID]) -> None:
        table = self._table
        connection.execute(
            update(table).where(table.c.message_id == func.any(_ids)).values(sent_at=func.now()),
            {"ids": ids},
        )

    def _claim_expired(self, connection: Connection, limit: int) -> list[Outgoing]:
        table = self._table
        expired = (
            select(table.c.message_id)
            .where(table.c.sent_at.is_(None), table.c.claimed_until < func.now())
            .order_by(table.c.claimed_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        claimed = connection.execute(
            update(table)
            .where(table.c.message_id.in_(expired))
            .values(claimed_until=func.now() + self._lease)
            .returning(*table.c)
        )
        rows = sorted(claimed, key=lambda row: row.created_at)
        return [_outgoing(row) for row in rows]


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
