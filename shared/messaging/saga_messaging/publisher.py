"""The one producer of a process: what `publish` returned from is in Kafka."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
import tenacity
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from saga_messaging.kafka import MAX_RECORD_BYTES, client_options
from saga_messaging.records import Outgoing
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class Publisher:
    """Sends records with an idempotent producer and `acks=all`.

    While Kafka is away it keeps trying, for ever; a record may then stand in Kafka twice, never
    not at all. Records of one call keep their order per key. Not to be called concurrently where
    the order between calls matters.
    """

    def __init__(self, settings: MessagingSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._wait = tenacity.wait_random_exponential(
            multiplier=0.1, max=settings.publish_retry_max_seconds
        )
        self._changing = asyncio.Lock()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Return when the broker has acknowledged every record."""
        left = list(records)
        async for attempt in tenacity.AsyncRetrying(
            wait=self._wait,
            retry=tenacity.retry_if_exception_type((KafkaError, OSError)),
            before_sleep=_log_retry,
        ):
            with attempt:
                left, error = await self._send(left)
                if error:
                    raise error

    async def ping(self) -> None:
        """Ask a broker for its metadata.

        Raises:
            KafkaError: No broker answered.
        """
        producer = await self._connected()
        await producer.client.fetch_all_metadata()

    async def close(self) -> None:
        """Send what is buffered, then disconnect."""
        await self._discard(self._producer)

    async def _send(self, records: list[Outgoing]) -> tuple[list[Outgoing], BaseException | None]:
        """Send once. Returns what was not acknowledged, and the first error."""
        producer = await self._connected()
        try:
            acks = [await self._enqueue(producer, record) for record in records]
        except (KafkaError, OSError) as error:
            await self._discard(producer)
            return records, error
        results = await asyncio.gather(*acks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if not errors:
            return [], None
        # A batch that expired leaves a gap in the producer's sequence numbers, which the broker
        # would refuse from then on; a new producer starts a new sequence.
        await self._discard(producer)
        outcome = zip(records, results, strict=True)
        return [record for record, ack in outcome if isinstance(ack, BaseException)], errors[0]

    async def _enqueue(self, producer: AIOKafkaProducer, record: Outgoing) -> "asyncio.Future[Any]":
        return await producer.send(
            self._settings.kafka_topic_prefix + record.topic,
            value=record.value,
            key=record.key,
            headers=[(name, value.encode()) for name, value in record.headers.items()],
        )

    async def _connected(self) -> AIOKafkaProducer:
        async with self._changing:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_options(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=MAX_RECORD_BYTES,
                    request_timeout_ms=int(self._settings.kafka_request_timeout_seconds * 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, producer: AIOKafkaProducer | None) -> None:
        async with self._changing:
            if producer is None or producer is not self._producer:
                return
            self._producer = None
        try:
            await asyncio.wait_for(
                producer.stop(), timeout=self._settings.kafka_request_timeout_seconds
            )
        except (KafkaError, OSError, TimeoutError) as error:
            logger.warning("producer_close_failed", error=str(error))


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("publish_retry", attempt=state.attempt_number, error=repr(error))
