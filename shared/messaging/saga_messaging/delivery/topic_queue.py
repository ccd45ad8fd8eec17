"""The queue of one topic's records in memory, and their publication."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection, Sequence
from uuid import UUID

import structlog
from sqlalchemy import Connection, Table

from saga_messaging.delivery import outbox_metrics, outbox_rows
from saga_messaging.delivery.dead_letter_cut import smaller
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing
from saga_messaging.kafka.refusals import Refusal
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class TopicQueue:
    """Publishes the queued records of one topic, and parks those that Kafka refuses.

    Records behind a parked one of the same key leave the memory unsent, and wait in the database.

    Attributes:
        parked: The number of parked rows of the topic, of every process.
        parked_keys: Their keys.
    """

    def __init__(
        self,
        topic: str,
        table: Table,
        database: Database,
        publisher: Publisher,
        settings: MessagingSettings,
    ) -> None:
        self.parked = 0
        self.parked_keys: set[bytes] = set()
        self._topic = topic
        self._table = table
        self._database = database
        self._publisher = publisher
        self._settings = settings
        self._queue: deque[Outgoing] = deque()
        self._ids: set[UUID] = set()
        self._bytes = 0
        self._done_since_sweep: set[UUID] = set()
        self._parked_since_sweep: set[bytes] = set()
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def ids(self) -> Collection[UUID]:
        """The ids of the records that it is about to send."""
        return self._ids

    @property
    def is_full(self) -> bool:
        """True if the queue takes no more records."""
        return (
            len(self._ids) >= self._settings.outbox_memory_limit
            or self._bytes >= self._settings.outbox_memory_bytes
        )

    def offer(self, record: Outgoing) -> None:
        """Queue a committed record, unless it is queued already or the queue is full."""
        if not self.is_full and record.message_id not in self._ids:
            self._ids.add(record.message_id)
            self._bytes += record.size
            self._queue.append(record)
        self._wake.set()

    def begin_sweep(self) -> None:
        """Remember from now on what is sent or parked: the sweep may have read it as it was."""
        self._done_since_sweep.clear()
        self._parked_since_sweep.clear()

    def offer_claimed(self, record: Outgoing) -> None:
        """Queue a record that a sweep has claimed, unless it was published meanwhile."""
        if record.message_id not in self._done_since_sweep:
            self.offer(record)

    def know_parked(self, count: int, keys: Collection[bytes]) -> None:
        """Take over what a sweep found in the database, with what was parked meanwhile."""
        self.parked = max(count, self.parked) if self._parked_since_sweep else count
        self.parked_keys = self._parked_since_sweep.union(keys)
        outbox_metrics.PARKED.labels(self._topic).set(self.parked)

    async def run(self) -> None:
        """Publish the queued records, until `stop` and the queue is empty."""
        while self._queue or not self._stopping:
            self._wake.clear()
            if not self._queue:
                await self._wake.wait()
            elif await self._send_batch():
                await self._pause()
                if self._stopping:
                    return

    def stop(self) -> None:
        """Let `run` return once every queued record is published."""
        self._stopping = True
        self._wake.set()

    async def _send_batch(self) -> bool:
        """Publish a batch; return True if refused records went back to the head of the queue."""
        batch = self._next_batch()
        sendable = [record for record in batch if record.order_key not in self.parked_keys]
        refusals, held = await self._publish(sendable)
        room = self._room_to_park()
        refusals, beyond = refusals[:room], [each.record for each in refusals[room:]]
        waiting = {record.message_id for record in (*beyond, *held)}
        unsent = waiting | {refusal.record.message_id for refusal in refusals}
        sent = [record.message_id for record in sendable if record.message_id not in unsent]
        await self._database.transaction(lambda connection: self._store(connection, sent, refusals))
        self.know_refusals(refusals)
        # Beyond the limit the topic waits: with `beyond` also what is held behind it.
        back = [record for record in batch if beyond and record.message_id in waiting]
        self._queue.extendleft(reversed(back))
        self._forget(batch, kept={record.message_id for record in back})
        return bool(back)

    def _next_batch(self) -> list[Outgoing]:
        batch, size = [self._queue.popleft()], 0
        size = batch[0].size
        while self._queue and len(batch) < self._settings.outbox_batch_size:
            size += self._queue[0].size
            if size > self._settings.outbox_batch_bytes:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _publish(self, records: Sequence[Outgoing]) -> tuple[list[Refusal], list[Outgoing]]:
        """Publish records; cut a dead letter that is too large until Kafka accepts it."""
        result = await self._publisher.publish(records)
        refusals: list[Refusal] = []
        for refusal in result.refused:
            last: Refusal | None = refusal
            while last and last.too_large and (cut := smaller(last.record)):
                refused = (await self._publisher.publish([cut])).refused
                last = refused[0] if refused else None
            if last:
                refusals.append(Refusal(refusal.record, last.error))
        return refusals, list(result.held)

    def _store(
        self, connection: Connection, sent: Sequence[UUID], refusals: Sequence[Refusal]
    ) -> None:
        if sent:
            outbox_rows.mark_sent(connection, self._table, sent)
        outbox_rows.park(connection, self._table, refusals)

    async def room_for_refusals(self) -> None:
        """Return once fewer records than the limit are parked; sweeps tell.

        After `stop` it returns at once: records beyond the limit are parked rather than lost.
        """
        while not self._room_to_park() and not self._stopping:
            await self._pause()

    def _room_to_park(self) -> int:
        return max(0, self._settings.outbox_parked_limit - self.parked)

    def know_refusals(self, refusals: Sequence[Refusal]) -> None:
        """Count, measure and log records that were parked just now."""
        keys = {refusal.record.order_key for refusal in refusals}
        self._parked_since_sweep.update(key for key in keys if key is not None)
        self.know_parked(self.parked + len(refusals), self.parked_keys)
        for refusal in refusals:
            outbox_metrics.REFUSED.labels(self._topic).inc()
            logger.error(
                "outbox_record_parked",
                topic=self._topic,
                message_id=str(refusal.record.message_id),
                correlation_id=refusal.record.correlation_id,
                type=refusal.record.type,
                reason=refusal.reason,
            )

    def _forget(self, batch: Sequence[Outgoing], kept: Collection[UUID]) -> None:
        for record in batch:
            if record.message_id not in kept:
                self._ids.discard(record.message_id)
                self._done_since_sweep.add(record.message_id)
                self._bytes -= record.size

    async def _pause(self) -> None:
        """Wait before refused records beyond the limit are sent again; `stop` ends the wait."""
        logger.error("outbox_parked_limit_reached", topic=self._topic, parked=self.parked)
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.publish_retry_max_seconds):
                while not self._stopping:
                    await self._wake.wait()
                    self._wake.clear()
