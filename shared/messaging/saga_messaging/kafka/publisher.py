"""Publication of records to Kafka, and what the process asks a broker before it consumes."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
import tenacity
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from saga_messaging.kafka.access_errors import describe_access_error
from saga_messaging.kafka.producer import ReplaceableProducer
from saga_messaging.kafka.records import Outgoing
from saga_messaging.kafka.refusals import PublishResult
from saga_messaging.kafka.topic_publisher import TopicPublisher
from saga_messaging.settings import MessagingSettings

logger = structlog.get_logger(__name__)


class Publisher:
    """Publishes records with idempotent producers, one for each topic, and `acks=all`.

    While Kafka or a topic is unavailable, it retries without limit; a record may then be published
    twice, but is never lost. A record that Kafka refuses is returned to the caller. Records keep
    their order per topic and key, within a call and across calls: concurrent calls for a topic run
    one after another. Topics do not wait for each other.
    """

    def __init__(self, settings: MessagingSettings) -> None:
        self._settings = settings
        self._metadata = ReplaceableProducer(settings)
        self._topics: dict[str, TopicPublisher] = {}
        self._access_error: str | None = None

    async def publish(self, records: Sequence[Outgoing]) -> PublishResult:
        """Return once the broker has acknowledged or refused each record; wait during an outage."""
        by_topic: dict[str, list[Outgoing]] = {}
        for record in records:
            by_topic.setdefault(record.topic, []).append(record)
        results = await asyncio.gather(
            *(self._topic(topic).publish(each) for topic, each in by_topic.items())
        )
        return PublishResult(
            [refusal for result in results for refusal in result.refused],
            [record for result in results for record in result.held],
        )

    def _topic(self, topic: str) -> TopicPublisher:
        if topic not in self._topics:
            self._topics[topic] = TopicPublisher(topic, self._settings)
        return self._topics[topic]

    @property
    def waiting(self) -> Mapping[str, str]:
        """The reason of each topic whose records wait, by the topic's name without the prefix."""
        return {name: topic.waiting for name, topic in self._topics.items() if topic.waiting}

    async def connect(self, group: str) -> None:
        """Return once a broker responds and authorizes this process to use the consumer group."""
        retrying = tenacity.AsyncRetrying(
            wait=tenacity.wait_random_exponential(
                multiplier=0.1, max=self._settings.publish_retry_max_seconds
            ),
            retry=tenacity.retry_if_exception_type((KafkaError, OSError)),
            before_sleep=self._record_retry,
        )
        async for attempt in retrying:
            with attempt:
                client = (await self._metadata.connected()).client
                try:
                    await client.coordinator_lookup(CoordinationType.GROUP, group)
                except GroupAuthorizationFailedError:
                    raise GroupAuthorizationFailedError(group) from None
        self._access_error = None

    def _record_retry(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._access_error = describe_access_error(error, self._settings)
        logger.warning(
            "connect_retry", attempt=state.attempt_number, error=self._access_error or repr(error)
        )

    def describe_access_error(self, error: BaseException | None) -> str | None:
        """Return the right that is missing, and whose it is; None for any other error."""
        return describe_access_error(error, self._settings)

    @property
    def access_error(self) -> str | None:
        """The reason of the latest refusal of access; None if Kafka accepts this process."""
        errors = (topic.access_error for topic in self._topics.values())
        return self._access_error or next(filter(None, errors), None)

    async def unauthorized(self, topics: Collection[str]) -> Collection[str]:
        """Return the topics that Kafka hides from this user, whether they exist or not.

        Raises:
            KafkaError: No broker responded.
        """
        async with self._connected_client() as client:
            for topic in topics:
                await client.add_topic(topic)
            await client.force_metadata_update()
            return client.cluster.unauthorized_topics.intersection(topics)

    async def topics(self) -> Collection[str]:
        """Return the names of all topics, read from a broker now.

        Raises:
            KafkaError: No broker responded.
        """
        async with self._connected_client() as client:
            return (await client.fetch_all_metadata()).topics()

    @asynccontextmanager
    async def _connected_client(self) -> AsyncGenerator[AIOKafkaClient]:
        """Yield a client; after an error, the next one connects anew, through the bootstrap."""
        producer = await self._metadata.connected()
        try:
            yield producer.client
        except KafkaError:
            await self._metadata.discard(producer)
            raise

    async def close(self) -> None:
        """Publish buffered records, then disconnect."""
        await asyncio.gather(self._metadata.close(), *(t.close() for t in self._topics.values()))
