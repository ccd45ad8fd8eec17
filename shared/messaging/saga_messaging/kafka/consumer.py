"""Consumption through Faust in batches of raw records, acknowledged after they are handled.

Each rule here prevents a way in which Faust would lose a message: see `docs/adr/0002`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

import faust
import structlog
from faust.types import EventT
from saga_schemas.topics import Topic

from saga_messaging.kafka.records import Record
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)

Receive: TypeAlias = Callable[[Sequence[Record]], Awaitable[None]]
"""Handles a batch of one topic, in the order of each partition."""


def consume(app: faust.App, topic: Topic, receive: Receive, settings: MessagingSettings) -> None:
    """Register the topic's agent: `receive` gets every record at least once.

    A batch is acknowledged after `receive` returns. If `receive` raises, the process ends and
    acknowledges nothing, so the batch is consumed again.
    """
    channel = app.topic(
        settings.kafka_topic_prefix + topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    async def agent(stream: faust.StreamT[bytes]) -> None:
        async with aclosing(batches(stream, settings.intake_batch_size)) as incoming:
            async for events in incoming:
                try:
                    await receive([_record(event) for event in events])
                except Exception:
                    logger.critical("intake_failed", topic=topic.name, exc_info=True)
                    end_process()
                for event in events:
                    event.ack()

    app.agent(channel, name=f"{topic.name}_intake", concurrency=1)(agent)


async def batches(stream: Any, size: int) -> AsyncGenerator[list[EventT[bytes]]]:
    """Yield the events that are available, 1 to `size` at a time, without waiting for more.

    The stream acknowledges nothing itself. (`Stream.take` acknowledges in a `finally` block, and
    holds an event back until its time window ends.)
    """
    # A separate task reads the stream. If a batch were filled from Faust's queue directly, a
    # rebalance could empty that queue meanwhile, and would then wait forever for the batch's acks.
    queue: asyncio.Queue[EventT[bytes]] = asyncio.Queue(size)
    reader = asyncio.create_task(_read(stream, queue))
    try:
        while True:
            batch = [await queue.get()]
            while len(batch) < size and not queue.empty():
                batch.append(queue.get_nowait())
            yield batch
    finally:
        reader.cancel()


async def _read(stream: Any, queue: "asyncio.Queue[EventT[bytes]]") -> None:
    try:
        async for event in stream.noack().events():
            await queue.put(event)
    except Exception:
        logger.critical("stream_failed", exc_info=True)
        end_process()


def _record(event: EventT[bytes]) -> Record:
    message = event.message
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        timestamp=message.timestamp,
    )
