"""An idempotent producer that is replaced after an error."""

import asyncio
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from saga_messaging.kafka.access_errors import explain_access_errors
from saga_messaging.kafka.client import MAX_RECORD_BYTES, client_options
from saga_messaging.settings import MessagingSettings

_CANCEL_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


class ReplaceableProducer:
    """Holds one connected producer; connects a new one after `discard`."""

    def __init__(self, settings: MessagingSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._changing = asyncio.Lock()

    async def connected(self) -> AIOKafkaProducer:
        """Return the connected producer.

        Raises:
            KafkaError: No broker responded, or one refused the connection.
        """
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
                    # has no leader; the caller then retries with a new producer.
                    request_timeout_ms=int(self._settings.kafka_request_timeout_seconds * 1000),
                    metadata_max_age_ms=int(self._settings.kafka_metadata_seconds * 1000),
                )
                try:
                    await self._start(producer)
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _start(self, producer: AIOKafkaProducer) -> None:
        """Connect through one of the bootstrap servers, and fetch a producer id.

        aiokafka asks for the id without a limit, also if a broker never gives one.
        """
        brokers = len(producer.client.hosts)
        seconds = (brokers + 1) * self._settings.kafka_request_timeout_seconds
        try:
            async with asyncio.timeout(seconds), explain_access_errors(self._settings):
                await producer.start()
        except TimeoutError:
            raise KafkaTimeoutError(f"Kafka gave no producer id within {seconds:g} s") from None

    async def discard(self, producer: AIOKafkaProducer | None) -> None:
        """Close the producer, unless it was replaced already; `connected` then makes a new one."""
        async with self._changing:
            if producer is None or producer is not self._producer:
                return
            self._producer = None
        try:
            async with asyncio.timeout(self._settings.kafka_request_timeout_seconds):
                await producer.stop()
        except BaseException as error:
            await _abandon(producer)
            if not isinstance(error, KafkaError | OSError | TimeoutError):
                raise
            logger.warning("producer_close_failed", error=repr(error))

    async def close(self) -> None:
        """Publish buffered records, then disconnect."""
        await self.discard(self._producer)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Cancel the sender that an interrupted `stop` leaves running: it would send again later."""
    if task := producer._sender.sender_task:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        task.cancel()
        while not task.done():
            await asyncio.wait([task], timeout=_CANCEL_SECONDS)
            if not task.done():
                logger.warning("producer_still_sends")
                task.cancel()  # it may have been finishing a request when it was canceled before
    await producer.client.close()
