"""The Faust app of a service, with the settings that lossless consumption depends on."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Mapping
from typing import Any, Final

import faust
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from saga_messaging.kafka.client import tls_context
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)

JOIN_POLL_SECONDS: Final = 0.1


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust hard-codes 1,500 ms, and each broker has one fetch in flight: a fetch of an empty
        # partition would delay a new message on another partition for that long.
        consumer._fetch_max_wait_ms = transport.fetch_wait_ms  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        return consumer

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return await self.call_thread(self._seek_to_committed)

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        """Also seek a partition without a committed offset: to its first record.

        Faust drops what it fetched during a rebalance, then relies on this to fetch it again.
        aiokafka leaves the position of such a partition as it is, so what was dropped would be
        skipped: the first records of a new partition, or of a new group.
        """
        consumer = self._ensure_consumer()
        offsets = await consumer.seek_to_committed()
        if start := [partition for partition, offset in offsets.items() if not offset]:
            await consumer.seek_to_beginning(*start)
        return offsets


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, or end the process: Faust would skip what it dropped."""
        try:
            await super().perform_seek()
        except (IllegalStateError, AssertionError):
            raise  # the partitions were revoked meanwhile; the next assignment seeks again
        except Exception:
            logger.critical("seek_failed", exc_info=True)
            end_process()


class _Transport(driver.Transport):
    Consumer = _Consumer
    fetch_wait_ms: int


def faust_app(name: str, settings: MessagingSettings) -> faust.App:
    """Return the app of consumer group `name`; it connects when it starts."""
    servers = settings.kafka_bootstrap_servers.split(",")
    app = faust.App(
        settings.kafka_topic_prefix + name,
        broker=";".join(f"kafka://{server.strip()}" for server in servers),
        # Kafka's description of the group then shows which process owns which partitions.
        broker_client_id=f"{name}-{socket.gethostname()}-{os.getpid()}",
        broker_credentials=_credentials(settings),
        broker_request_timeout=max(
            settings.kafka_request_timeout_seconds, settings.kafka_session_timeout_seconds
        ),
        broker_session_timeout=settings.kafka_session_timeout_seconds,
        broker_heartbeat_interval=settings.kafka_heartbeat_seconds,
        # A group whose offset is unknown, or beyond the log of a new leader, starts from the
        # beginning: the inbox skips duplicates, whereas "latest" would skip messages.
        consumer_auto_offset_reset="earliest",
        # A change of leader is detected at once; this interval is for new topics and partitions.
        consumer_metadata_max_age_ms=int(settings.kafka_metadata_seconds * 1000),
        stream_wait_empty=True,  # SIGTERM waits for the batch in progress
        stream_buffer_maxsize=settings.intake_batch_size * 4,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        datadir=tempfile.gettempdir(),
    )
    transport = _Transport(app.conf.broker_consumer, app)
    transport.fetch_wait_ms = settings.kafka_fetch_wait_ms
    app.transport = transport
    return app


def _credentials(settings: MessagingSettings) -> faust.SASLCredentials | None:
    if not settings.kafka_username or not settings.kafka_password:
        return None
    return faust.SASLCredentials(
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value(),
        mechanism="SCRAM-SHA-512",
        ssl_context=tls_context(settings),
    )


def has_joined(app: faust.App) -> bool:
    """Return True if the app is a member of its group and no rebalance is in progress."""
    return bool(app.rebalancing_count) and not app.rebalancing


async def joined(app: faust.App) -> None:
    """Return once the app has joined its group."""
    while not has_joined(app):  # noqa: ASYNC110 - Faust offers no event to wait for
        await asyncio.sleep(JOIN_POLL_SECONDS)
