"""The publisher of one topic: an outage or a refusal of this topic delays no other topic."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
import tenacity
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    UnknownTopicOrPartitionError,
)

from saga_messaging.kafka.access_errors import describe_access_error
from saga_messaging.kafka.producer import ReplaceableProducer
from saga_messaging.kafka.records import Outgoing
from saga_messaging.kafka.refusals import PublishResult, Refusal, is_refusal
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class TopicPublisher:
    """Publishes the records of one topic, in the order of each key.

    Attributes:
        waiting: Why the records wait, if Kafka has not acknowledged them for a while; else None.
        access_error: The right that is missing, and whose it is; else None.
    """

    def __init__(self, topic: str, settings: MessagingSettings) -> None:
        self.waiting: str | None = None
        self.access_error: str | None = None
        self._topic = settings.kafka_topic_prefix + topic
        self._settings = settings
        self._producer = ReplaceableProducer(settings)
        self._turn = asyncio.Lock()

    async def publish(self, records: Sequence[Outgoing]) -> PublishResult:
        """Return once the broker has acknowledged or refused each record; wait during an outage."""
        refused: list[Refusal] = []
        held: list[Outgoing] = []
        async with self._turn:
            try:
                # The broker accepts a batch behind a refused one if the producer is new to it. So a
                # record is sent only when the records before it with the same key are acknowledged.
                for together in _one_of_each_key(records):
                    keys = {refusal.record.order_key for refusal in refused} - {None}
                    held += [record for record in together if record.order_key in keys]
                    left = [record for record in together if record.order_key not in keys]
                    refused += await self._deliver(left)
            finally:  # also if the call is canceled
                self.waiting = self.access_error = None
        return PublishResult(refused, held)

    async def close(self) -> None:
        """Publish buffered records, then disconnect."""
        await self._producer.close()

    async def _deliver(self, records: list[Outgoing]) -> list[Refusal]:
        """Send records of different keys until each is acknowledged or, sent alone, refused."""
        left, alone, refusals = records, False, list[Refusal]()
        async for attempt in self._retrying():
            with attempt:
                while left:
                    sent = left[:1] if alone else left
                    failed = await self._send(sent)
                    left = [*(record for record, _ in failed), *left[len(sent) :]]
                    if outage := next((e for _, e in failed if not is_refusal(e)), None):
                        raise outage
                    if failed and alone:
                        refusals.append(Refusal(*failed[0]))
                        left = left[1:]
                    # A batch is refused as a whole, even if only one of its records is at fault.
                    alone = alone or bool(failed)
        return refusals

    def _retrying(self) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            wait=tenacity.wait_random_exponential(
                multiplier=0.1, max=self._settings.publish_retry_max_seconds
            ),
            retry=tenacity.retry_if_exception_type((KafkaError, OSError)),
            before_sleep=self._record_retry,
        )

    def _record_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self.access_error = describe_access_error(error, self._settings)
        self.waiting = self.access_error or _describe(error)
        logger.warning(
            "publish_retry", topic=self._topic, attempt=state.attempt_number, error=self.waiting
        )

    async def _send(self, records: list[Outgoing]) -> list[tuple[Outgoing, BaseException]]:
        """Send once; return the unacknowledged records in order, each with its error."""
        producer = await self._producer.connected()
        acks, stopped_by = await self._enqueue(producer, records)
        await self._acknowledged(acks)
        outcome = zip(records, (ack.exception() for ack in acks), strict=False)
        failed = [(record, error) for record, error in outcome if error]
        if stopped_by:
            failed += [(record, stopped_by) for record in records[len(acks) :]]
        if failed:
            # An expired or refused batch leaves a gap in the producer's sequence numbers, and the
            # broker would refuse every later batch; a new producer starts a new sequence.
            await self._producer.discard(producer)
        return failed

    async def _acknowledged(self, acks: "Sequence[asyncio.Future[Any]]") -> None:
        """Wait for all acks; the producer itself retries some errors without a limit."""
        pending = set(acks)
        seconds = self._settings.kafka_request_timeout_seconds
        while pending:
            _, pending = await asyncio.wait(pending, timeout=seconds)
            if pending:
                self.waiting = f"Kafka did not acknowledge {len(pending)} records in {seconds:g} s"
                logger.warning("publish_waits", topic=self._topic, error=self.waiting)

    async def _enqueue(
        self, producer: AIOKafkaProducer, records: list[Outgoing]
    ) -> "tuple[list[asyncio.Future[Any]], BaseException | None]":
        """Buffer the records in order; return their acks, and the error that stopped it."""
        acks: list[asyncio.Future[Any]] = []
        try:
            for record in records:
                headers = [(name, value.encode()) for name, value in record.headers.items()]
                ack = await producer.send(self._topic, record.value, record.key, headers=headers)
                acks.append(ack)
        except (KafkaError, OSError) as error:
            return acks, error
        return acks, None


def _describe(error: BaseException | None) -> str:
    if isinstance(error, UnknownTopicOrPartitionError):
        return "the topic is missing"
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else repr(error)


def _one_of_each_key(records: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Split records into lists that have each key at most once, and keep the order of each key."""
    rounds: list[list[Outgoing]] = []
    seen: dict[bytes, int] = {}
    for record in records:
        key = record.order_key
        number = 0 if key is None else seen.get(key, 0)
        if key is not None:
            seen[key] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(record)
    return iter(rounds)
