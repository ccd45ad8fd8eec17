"""The one producer of a process: what `publish` returned from is in Kafka."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import structlog
import tenacity
from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from saga_messaging.kafka.access_errors import denial, explained
from saga_messaging.kafka.client import MAX_RECORD_BYTES, client_options
from saga_messaging.kafka.records import Outgoing
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class Publisher:
    """Sends records with an idempotent producer and `acks=all`.

    While Kafka is away it keeps trying, for ever; a record may then stand in Kafka twice, never
    not at all. Records keep their order per key, within a call and from call to call: calls that
    come together take turns.
    """

    def __init__(self, settings: MessagingSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._refusal: str | None = None
        self._wait = tenacity.wait_random_exponential(
            multiplier=0.1, max=settings.publish_retry_max_seconds
        )
        self._turn = asyncio.Lock()
        self._changing = asyncio.Lock()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Return when the broker has acknowledged every record."""
        left = list(records)
        async with self._turn:
            async for attempt in self._retrying():
                with attempt:
                    left, error = await self._send(left)
                    if error:
                        raise error
        self._refusal = None

    async def connect(self, group: str) -> None:
        """Return once a broker has answered, and lets this process read in the consumer group."""
        async for attempt in self._retrying():
            with attempt:
                client = (await self._connected()).client
                try:
                    await client.coordinator_lookup(CoordinationType.GROUP, group)
                except GroupAuthorizationFailedError:
                    raise GroupAuthorizationFailedError(group) from None
        self._refusal = None

    def denial(self, error: BaseException | None) -> str | None:
        """What Kafka does not allow us, in words; None where the error is about something else."""
        return denial(error, self._settings)

    @property
    def refusal(self) -> str | None:
        """Why Kafka refuses what is to be sent, by what it last said; None where it does not."""
        return self._refusal

    async def unauthorized(self, topics: Collection[str]) -> Collection[str]:
        """Those of the topics that Kafka says nothing of to this user, whether they exist or not.

        Raises:
            KafkaError: No broker answered.
        """
        client = (await self._connected()).client
        for topic in topics:
            await client.add_topic(topic)
        await client.force_metadata_update()
        return client.cluster.unauthorized_topics.intersection(topics)

    async def topics(self) -> Collection[str]:
        """The names of all topics, as a broker knows them now.

        Raises:
            KafkaError: No broker answered.
        """
        producer = await self._connected()
        return (await producer.client.fetch_all_metadata()).topics()

    async def close(self) -> None:
        """Send what is buffered, then disconnect."""
        await self._discard(self._producer)

    def _retrying(self) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            wait=self._wait,
            retry=tenacity.retry_if_exception_type((KafkaError, OSError)),
            before_sleep=self._note_retry,
        )

    def _note_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._refusal = denial(error, self._settings)
        logger.warning(
            "publish_retry", attempt=state.attempt_number, error=self._refusal or repr(error)
        )

    async def _send(self, records: list[Outgoing]) -> tuple[list[Outgoing], BaseException | None]:
        """Send once. Returns what was not acknowledged, and the first error."""
        producer = await self._connected()
        acks, error = await self._enqueue(producer, records)
        results = await asyncio.gather(*acks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if error := errors[0] if errors else error:
            # A batch that expired leaves a gap in the producer's sequence numbers, which the
            # broker would refuse from then on; a new producer starts a new sequence.
            await self._discard(producer)
        outcome = zip(records, results, strict=False)
        failed = [record for record, ack in outcome if isinstance(ack, BaseException)]
        return failed + records[len(acks) :], error

    async def _enqueue(
        self, producer: AIOKafkaProducer, records: list[Outgoing]
    ) -> "tuple[list[asyncio.Future[Any]], BaseException | None]":
        """Buffer the records in their order. Returns their acks, up to the first error."""
        acks: list[asyncio.Future[Any]] = []
        try:
            for record in records:
                headers = [(name, value.encode()) for name, value in record.headers.items()]
                topic = self._settings.kafka_topic_prefix + record.topic
                acks.append(await producer.send(topic, record.value, record.key, headers=headers))
        except (KafkaError, OSError) as error:
            return acks, error
        return acks, None

    async def _connected(self) -> AIOKafkaProducer:
        async with self._changing:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_options(self._settings),
                    # Acknowledged by every replica in sync: what a single one has is lost with it.
                    acks="all",
                    # A leader that dies before its answer, or a new leader that is asked again,
                    # keeps a batch once, and the batches of a partition in their order.
                    enable_idempotence=True,
                    max_request_size=MAX_RECORD_BYTES,
                    # A batch is tried for this long while its partition has no leader, or less
                    # replicas in sync than it needs; then `publish` starts anew, and never ends.
                    request_timeout_ms=int(self._settings.kafka_request_timeout_seconds * 1000),
                    metadata_max_age_ms=int(self._settings.kafka_metadata_seconds * 1000),
                )
                try:
                    async with explained(self._settings):
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
            async with asyncio.timeout(self._settings.kafka_request_timeout_seconds):
                await producer.stop()
        except (KafkaError, OSError, TimeoutError) as error:
            logger.warning("producer_close_failed", error=repr(error))
            await _abandon(producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """End what `stop` leaves at work when it is cut short: it would send again, much later."""
    if task := producer._sender.sender_task:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        task.cancel()
        await asyncio.wait([task])
    await producer.client.close()
