"""The outbox: messages stored with the change that causes them, and published after its commit."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Table

from saga_messaging.delivery import outbox_metrics, outbox_rows
from saga_messaging.delivery.outbox_rows import ParkedRows
from saga_messaging.delivery.topic_queue import TopicQueue
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.records import Outgoing
from saga_messaging.kafka.refusals import Refusal
from saga_messaging.postgres.database import Database
from saga_messaging.settings import MessagingSettings


class Outbox:
    """Stores messages in the caller's transaction, and publishes them once it has committed.

    Every stored message is published at least once, even if the process crashes: `offer` queues
    it in memory, and a sweep of any process claims rows whose lease has expired. Any number of
    processes may share one table. Each topic has a queue of its own: one that is unavailable delays
    no other. A record that Kafka refuses is parked in the table for an operator, and the records
    behind it with the same topic and key wait; all others are published.
    """

    def __init__(
        self, table: Table, database: Database, publisher: Publisher, settings: MessagingSettings
    ) -> None:
        self.table = table
        self.database = database
        self._publisher = publisher
        self._settings = settings
        self._lease = timedelta(seconds=settings.outbox_lease_seconds)
        self._queues: dict[str, TopicQueue] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    def store(self, connection: Connection, records: Sequence[Outgoing]) -> list[Outgoing]:
        """Insert the records in the caller's transaction, and skip ids that are stored already.

        Returns:
            The inserted records, to be offered once the transaction has committed.
        """
        if not records:
            return []
        new = outbox_rows.store(connection, self.table, records, self._lease)
        return [record for record in records if record.message_id in new]

    def holds(self, record: Outgoing) -> bool:
        """Return True if the record must wait behind a parked one: store it, to be sent later."""
        queue = self._queues.get(record.topic)
        return queue is not None and record.order_key in queue.parked_keys

    async def park(self, refusals: Sequence[Refusal], held: Sequence[Outgoing]) -> None:
        """Store refused records of one topic as parked, and those held behind them.

        While the limit of parked records is reached, wait for an operator.
        """
        if refusals:
            await self._queue(refusals[0].record.topic).room_for_refusals()

        def work(connection: Connection) -> None:
            self.store(connection, [*(refusal.record for refusal in refusals), *held])
            outbox_rows.park(connection, self.table, refusals)

        await self.database.transaction(work)
        for refusal in refusals:
            self._queue(refusal.record.topic).know_refusals([refusal])

    def offer(self, records: Sequence[Outgoing]) -> None:
        """Queue committed records for publishing; a sweep finds those beyond the memory limit."""
        for record in records:
            self._queue(record.topic).offer(record)

    async def relay(self) -> None:
        """Publish offered records at once, and expired rows at each sweep, until `stop`."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for queue in self._queues.values():
                    self._tasks.create_task(queue.run())
                await self._sweep_until_stopped()
                for queue in self._queues.values():
                    queue.stop()
        finally:
            self._tasks = None

    async def _sweep_until_stopped(self) -> None:
        while not self._stopping:
            self._wake.clear()
            if not await self._sweep() and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause())

    def stop(self) -> None:
        """Let `relay` return once every offered record is published."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Let `relay` sweep now, for example for a row that an operator retries."""
        self._wake.set()

    async def _sweep(self) -> bool:
        """Queue rows whose lease has expired; return True if there may be more.

        Nothing is claimed for a topic whose queue is full, or whose records wait for Kafka.
        """
        unavailable = self._unavailable()
        for queue in self._queues.values():
            queue.begin_sweep()
        queued = {
            message_id
            for topic, queue in self._queues.items()
            if topic not in unavailable
            for message_id in queue.ids
        }

        def claim(connection: Connection) -> tuple[ParkedRows, list[Outgoing], bool]:
            parked = outbox_rows.find_parked(connection, self.table)
            claimed, more = outbox_rows.claim_expired(
                connection,
                self.table,
                lease=self._lease,
                excluded=unavailable,
                queued=queued,
                limit=self._settings.outbox_batch_size,
                limit_bytes=self._settings.outbox_batch_bytes,
            )
            return parked, claimed, more

        parked, claimed, more = await self.database.transaction(claim)
        self._know_parked(parked)
        for record in claimed:
            self._queue(record.topic).offer_claimed(record)
        return more

    @property
    def problems(self) -> dict[str, str]:
        """Why records of a topic are not published, by topic, as this process knows it."""
        limit = self._settings.outbox_parked_limit
        found = dict(self._publisher.waiting)
        for topic, queue in self._queues.items():
            if queue.parked:
                full = f" (the limit of {limit}: the topic waits)" if queue.parked >= limit else ""
                parked = f"{queue.parked} records refused by Kafka are parked{full}"
                found[topic] = f"{found[topic]}; {parked}" if topic in found else parked
        return found

    @property
    def waiting(self) -> set[str]:
        """The topics that wait: Kafka acknowledges no records, or too many of them are parked."""
        limit = self._settings.outbox_parked_limit
        full = {topic for topic, queue in self._queues.items() if queue.parked >= limit}
        return full.union(self._publisher.waiting)

    def _queue(self, topic: str) -> TopicQueue:
        if topic not in self._queues:
            queue = TopicQueue(topic, self.table, self.database, self._publisher, self._settings)
            self._queues[topic] = queue
            if self._tasks:
                self._tasks.create_task(queue.run())
        return self._queues[topic]

    def _unavailable(self) -> set[str]:
        full = {topic for topic, queue in self._queues.items() if queue.is_full}
        waiting = set(self._publisher.waiting)
        outbox_metrics.know_waiting(self._queues, waiting)
        return full | waiting

    def _pause(self) -> float:
        """Sweep less often while a topic is unavailable: each sweep passes over its rows."""
        factor = self._settings.outbox_sweep_back_off if self._unavailable() else 1
        return self._settings.outbox_sweep_seconds * factor

    def _know_parked(self, parked: ParkedRows) -> None:
        for topic in {*parked.counts, *self._queues}:
            keys = {key for name, key in parked.keys if name == topic}
            self._queue(topic).know_parked(parked.counts.get(topic, 0), keys)
