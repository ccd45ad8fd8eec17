"""The one producer of a process."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import structlog
import tenacity
from aiokafka import AIOKafkaProducer
from aiokafka.client import CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from saga_messaging.kafka.access_errors import describe_access_error, explain_access_errors
from saga_messaging.kafka.client import MAX_RECORD_BYTES, client_options
from saga_messaging.kafka.records import Outgoing
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class Publisher:
    """Publishes records with an idempotent producer and `acks=all`.

    While Kafka is unavailable, it retries without limit; a record may then be published twice,
    but is never lost. Records keep their order per key, within a call and across calls:
    concurrent calls run one after another.
    """

    def __init__(self, settings: MessagingSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._access_error: str | None = None
        self._wait = tenacity.wait_random_exponential(
            multiplier=0.1, max=settings.publish_retry_max_seconds
        )
        self._turn = asyncio.Lock()
        self._changing = asyncio.Lock()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Publish the records; return once the broker has acknowledged all of them."""
        left = list(records)
        async with self._turn:
            async for attempt in self._retrying():
                with attempt:
                    left, error = await self._send(left)
                    if error:
                        raise error
        self._access_error = None

    async def connect(self, group: str) -> None:
        """Return once a broker responds and authorizes this process to use the consumer group."""
        async for attempt in self._retrying():
            with attempt:
                client = (await self._connected()).client
                try:
                    await client.coordinator_lookup(CoordinationType.GROUP, group)
                except GroupAuthorizationFailedError:
                    raise GroupAuthorizationFailedError(group) from None
        self._access_error = None

    def describe_access_error(self, error: BaseException | None) -> str | None:
        """Return the right that is missing, and whose it is; None for any other error."""
        return describe_access_error(error, self._settings)

    @property
    def access_error(self) -> str | None:
        """The reason of the latest refusal; None if Kafka accepts what is published."""
        return self._access_error

    async def unauthorized(self, topics: Collection[str]) -> Collection[str]:
        """Return the topics that Kafka hides from this user, whether they exist or not.

        Raises:
            KafkaError: No broker responded.
        """
        client = (await self._connected()).client
        for topic in topics:
            await client.add_topic(topic)
        await client.force_metadata_update()
        return client.cluster.unauthorized_topics.intersection(topics)

    async def topics(self) -> Collection[str]:
        """Return the names of all topics, read from a broker now.

        Raises:
            KafkaError: No broker responded.
        """
        producer = await self._connected()
        return (await producer.client.fetch_all_metadata()).topics()

    async def close(self) -> None:
        """Publish buffered records, then disconnect."""
        await self._discard(self._producer)

    def _retrying(self) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            wait=self._wait,
            retry=tenacity.retry_if_exception_type((KafkaError, OSError)),
            before_sleep=self._record_retry,
        )

    def _record_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._access_error = describe_access_error(error, self._settings)
        logger.warning(
            "publish_retry", attempt=state.attempt_number, error=self._access_error or repr(error)
        )

    async def _send(self, records: list[Outgoing]) -> tuple[list[Outgoing], BaseException | None]:
        """Send once; return the unacknowledged records and the first error."""
        producer = await self._connected()
        acks, error = await self._enqueue(producer, records)
        results = await asyncio.gather(*acks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if error := errors[0] if errors else error:
            # An expired batch leaves a gap in the producer's sequence numbers, and the broker
            # would refuse every later batch; a new producer starts a new sequence.
            await self._discard(producer)
        outcome = zip(records, results, strict=False)
        failed = [record for record, ack in outcome if isinstance(ack, BaseException)]
        return failed + records[len(acks) :], error

    async def _enqueue(
        self, producer: AIOKafkaProducer, records: list[Outgoing]
    ) -> "tuple[list[asyncio.Future[Any]], BaseException | None]":
        """Buffer the records in order; return their acks, and the error that stopped it."""
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
                    # Every in-sync replica acknowledges: a record on one replica is lost with it.
                    acks="all",
                    # A batch that is sent again, after a lost response or to a new leader, is
                    # stored once, and a partition's batches keep their order.
                    enable_idempotence=True,
                    max_request_size=MAX_RECORD_BYTES,
                    # The producer retries a batch for this long, for example while its partition
                    # has no leader; `publish` then retries with a new producer.
                    request_timeout_ms=int(self._settings.kafka_request_timeout_seconds * 1000),
                    metadata_max_age_ms=int(self._settings.kafka_metadata_seconds * 1000),
                )
                try:
                    async with explain_access_errors(self._settings):
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
    """Cancel the sender that an interrupted `stop` leaves running: it would send again later."""
    if task := producer._sender.sender_task:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        task.cancel()
        await asyncio.wait([task])
    await producer.client.close()
