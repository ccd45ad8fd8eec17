"""Faust's Kafka consumer with a fetcher, an isolation level and commits of our own."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from saga_messaging.kafka.consumption import Consumption, ConsumptionProblem
from saga_messaging.kafka.fetcher import Fetcher, replace_fetcher
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)

FULL_BUFFER_POLL_SECONDS: Final = 0.05


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka runs."""

    fetcher: Fetcher | None = None
    transport: "Transport"

    @property
    def kafka(self) -> AIOKafkaConsumer:
        """Aiokafka's consumer."""
        return self._ensure_consumer()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer: Any = super()._create_worker_consumer(transport)
        # Faust hard-codes 1,500 ms, and each broker has one fetch in flight: a fetch of an empty
        # partition would delay a new message on another partition for that long.
        consumer._fetch_max_wait_ms = transport.settings.kafka_fetch_wait_ms  # noqa: SLF001
        # Faust reads committed messages only as a part of its own transactions.
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        return consumer

    async def on_start(self) -> None:
        """Connect, and replace aiokafka's fetcher."""
        await super().on_start()
        limit = self.transport.settings.kafka_max_batch_bytes
        self.fetcher = await replace_fetcher(self._ensure_consumer(), limit)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to the committed offsets, and where there is none to the first record."""
        return await self.call_thread(self._seek_to_committed)

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        # Faust drops what it fetched during a rebalance, then relies on this to fetch it again.
        # aiokafka leaves the position of a partition without a committed offset as it is, so the
        # first records of a new partition, or of a new group, would be skipped.
        offsets = await self.kafka.seek_to_committed()
        if start := [partition for partition, offset in offsets.items() if not offset]:
            await self.kafka.seek_to_beginning(*start)
        return offsets


class Consumer(driver.Consumer):
    """Faust's consumer, which commits past offsets without messages, and bounds its memory."""

    _thread: ConsumerThread
    transport: "Transport"

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's name
        self.transport.consumption.polled()
        return await super()._wait_next_records(timeout)

    def _to_message(self, tp: Any, record: Any) -> Any:
        self.transport.consumption.polled()
        return super()._to_message(tp, record)

    def problem(self) -> ConsumptionProblem | None:
        """Return why the consumer of a joined process does not consume."""
        generation = self.app.consumer_generation_id
        waiting = any(
            not message.acked and message.generation_id == generation
            for message in list(self.unacked)
        )
        return self.transport.consumption.problem(self._thread.kafka, waiting)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Forget what was skipped: Faust forgets the committed offsets that it follows."""
        if self._thread.fetcher:
            self._thread.fetcher.skipped.clear()
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, or end the process: Faust would skip what it dropped."""
        try:
            await super().perform_seek()
        except (IllegalStateError, AssertionError):
            raise  # the partitions were revoked meanwhile; the next assignment seeks again
        except Exception:
            logger.critical("seek_failed", exc_info=True)
            end_process()

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        limit = self.transport.settings.intake_buffer_bytes
        while self.flow_active and self._buffered_bytes() > limit:  # noqa: ASYNC110 - Faust has no event
            await asyncio.sleep(FULL_BUFFER_POLL_SECONDS)
        return await super()._getmany(active_partitions, timeout)

    def _buffered_bytes(self) -> int:
        """Return the size of the messages that were fetched and are not acknowledged."""
        values = (message.value for message in list(self.unacked) if not message.acked)
        return sum(len(value) for value in values if value)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[Any]:
        pending = list(super()._filter_tps_with_pending_acks(topics))
        yield from pending
        for partition in set(self._skipped()).difference(pending):
            if topics is None or partition in topics or partition.topic in topics:
                yield partition

    def _new_offset(self, tp: Any) -> int | None:
        """Return the offset to commit: behind the markers that follow the last message.

        Faust commits the offset after a message, so that a marker after the last message would
        count as a message that is not read.
        """
        acked = super()._new_offset(tp)
        start, end = self._skipped().get(TopicPartition(tp.topic, tp.partition), (0, 0))
        offset = acked if acked is not None else self._committed_offset[tp] or 0
        return end if start <= offset < end else acked

    def _skipped(self) -> dict[TopicPartition, tuple[int, int]]:
        fetcher = self._thread.fetcher
        return dict(fetcher.skipped) if fetcher else {}


class Transport(driver.Transport):
    """Faust's transport with that consumer.

    Attributes:
        consumption: What the consumer has done.
        settings: The service's.
    """

    Consumer = Consumer
    consumption: Consumption
    settings: MessagingSettings
