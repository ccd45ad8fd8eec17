"""The edge to Faust: an agent that takes raw bytes in batches and acks after the work is done.

Every rule here answers a way in which Faust would lose a message; `docs/adr/0002` lists them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import faust
import structlog
from faust.types import EventT
from saga_schemas.topics import Topic

from saga_messaging.kafka.records import Record
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)

Receive = Callable[[Sequence[Record]], Awaitable[None]]


def consume(app: faust.App, topic: Topic, receive: Receive, settings: MessagingSettings) -> None:
    """Register the agent of a topic: every record goes through `receive` at least once.

    A batch is acked after `receive` returned. Nothing escapes the agent: what `receive` raises
    ends the process with nothing acked, so that the batch comes again.
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
    """Whatever is waiting, up to `size` events, never empty; an event never waits for another.

    The stream acks nothing by itself. (`Stream.take` acks in a `finally`, and keeps an event back
    until its time is over.)
    """
    # A task of its own reads the stream. Were a batch filled from Faust's queue directly, a
    # rebalance could empty that queue in between, and then wait for ever for the batch to be acked.
    taken: asyncio.Queue[EventT[bytes]] = asyncio.Queue(size)
    reader = asyncio.create_task(_read(stream, taken))
    try:
        while True:
            batch = [await taken.get()]
            while len(batch) < size and not taken.empty():
                batch.append(taken.get_nowait())
            yield batch
    finally:
        reader.cancel()


async def _read(stream: Any, taken: "asyncio.Queue[EventT[bytes]]") -> None:
    try:
        async for event in stream.noack().events():
            await taken.put(event)
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
    )
