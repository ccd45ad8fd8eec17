"""The connection of a view of Kafka: opened for a limited time, and closed whatever happens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from saga_messaging.kafka.access_errors import explain_access_errors
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.fetcher import replace_fetcher
from saga_messaging.settings import KafkaSettings

from order_saga.errors import KafkaUnavailable
from order_saga.operators.kafka_view import FETCH_WAIT_MS, KafkaView

PARTITION_FETCH_BYTES: Final = 131_072
"""Most bytes of a partition in one fetch; a larger record is fetched alone."""


@asynccontextmanager
async def open_kafka_view(settings: KafkaSettings, seconds: float) -> AsyncGenerator[KafkaView]:
    """Open a view of Kafka for at most `seconds`, connecting included.

    Raises:
        KafkaUnavailable: Kafka did not respond in time, or responded with an error.
    """
    view: KafkaView | None = None
    try:
        async with asyncio.timeout(seconds), _connected(settings) as view:
            yield view
    except TimeoutError:
        last_error = f" ({view.last_error})" if view and view.last_error else ""
        raise KafkaUnavailable(f"Kafka did not respond within {seconds:g} s{last_error}") from None
    except KafkaError as error:  # its text begins with its name
        raise KafkaUnavailable(f"Kafka is unavailable: {error}") from error
    except OSError as error:
        raise KafkaUnavailable(f"Kafka is unavailable: {type(error).__name__}: {error}") from error


@asynccontextmanager
async def _connected(settings: KafkaSettings) -> AsyncGenerator[KafkaView]:
    options = client_options(settings)
    admin = AIOKafkaAdminClient(**options)
    consumer = AIOKafkaConsumer(
        **options,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        isolation_level="read_committed",
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    try:
        async with explain_access_errors(settings):
            await admin.start()
            await consumer.start()
            await replace_fetcher(consumer, settings.kafka_max_batch_bytes)
        yield KafkaView(admin, consumer)
    finally:
        try:
            await _stop(consumer)
        finally:
            await admin.close()


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, whatever it is doing.

    While a fetch backs off after a broken connection, aiokafka's own `stop` is interrupted by
    CancelledError, which would look here as if the caller had been cancelled.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if not stopping.cancelled():
        return stopping.result()
    await consumer._client.close()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return None
