"""The Faust app of a service, with the settings that lossless consumption depends on."""

import asyncio
import os
import socket
import tempfile
from typing import Any, Final

import faust

from saga_messaging.kafka.client import tls_context
from saga_messaging.kafka.consumption import Consumption, ConsumptionProblem
from saga_messaging.kafka.faust_transport import Transport
from saga_messaging.kafka.paused import paused_partitions
from saga_messaging.settings import MessagingSettings

JOIN_POLL_SECONDS: Final = 0.1


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
    app.transport = transport = Transport(app.conf.broker_consumer, app)
    transport.settings, transport.consumption = settings, Consumption(settings)
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


def consumption_problem(app: faust.App) -> ConsumptionProblem | None:
    """Return why the process does not consume; None if it does."""
    if not has_joined(app):
        return ConsumptionProblem("joining the consumer group")
    consumer: Any = app.consumer
    paused = paused_partitions(app).reasons(app.consumer_generation_id)
    return ConsumptionProblem.joined(
        [consumer.problem(), *(ConsumptionProblem(each, restart_helps=False) for each in paused)]
    )


async def joined(app: faust.App) -> None:
    """Return once the app has joined its group."""
    while not has_joined(app):  # noqa: ASYNC110 - Faust offers no event to wait for
        await asyncio.sleep(JOIN_POLL_SECONDS)
