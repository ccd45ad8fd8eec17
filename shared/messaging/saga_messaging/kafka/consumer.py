"""Consumption through Faust in batches of raw records, acknowledged after they are handled.

Each rule here prevents a way in which Faust would lose a message: see `docs/adr/0002`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, TypeAlias, cast

import faust
import structlog
from faust.types import EventT
from saga_schemas.topics import Topic

from saga_messaging.errors import TooManyDeadLetters
from saga_messaging.kafka.consumption import Consumption
from saga_messaging.kafka.paused import PausedPartitions, paused_partitions
from saga_messaging.kafka.records import Record
from saga_messaging.kafka.unreadable import UnreadableBytes
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

logger = structlog.get_logger(__name__)

Receive: TypeAlias = Callable[[Sequence[Record]], Awaitable[None]]
"""Handles a batch of one topic, in the order of each partition."""


def consume(app: faust.App, topic: Topic, receive: Receive, settings: MessagingSettings) -> None:
    """Register the topic's agent: `receive` gets every record at least once.

    A batch is acknowledged after `receive` returns. If it raises TooManyDeadLetters, the partitions
    that the error names are paused, and the rest of the batch is handled. If it raises any other
    error, the process ends and acknowledges nothing, so the batch is consumed again.
    """
    paused = paused_partitions(app)
    channel = app.topic(
        settings.kafka_topic_prefix + topic.name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )
    consumption: Consumption = cast("Any", app.transport).consumption

    async def agent(stream: faust.StreamT[bytes]) -> None:
        async with aclosing(batches(stream, settings.intake_batch_size)) as incoming:
            async for events in incoming:
                paused.resume_at(events)
                try:
                    with consumption.batch(topic.name):
                        handled = await _receive_readable(receive, events, paused)
                except Exception:
                    logger.critical("intake_failed", topic=topic.name, exc_info=True)
                    end_process()
                else:
                    for event in handled:
                        event.ack()

    app.agent(channel, name=f"{topic.name}_intake", concurrency=1)(agent)


async def _receive_readable(
    receive: Receive, events: Sequence[EventT[bytes]], paused: PausedPartitions
) -> Sequence[EventT[bytes]]:
    """Handle the events of a batch up to those that must be left; return the handled ones."""
    readable = paused.readable(events)
    while readable:
        try:
            await receive([_record(event) for event in readable])
        except TooManyDeadLetters as error:
            # Each round pauses one partition or more in front of an event of this batch.
            paused.add(readable, error.left, str(error))
            readable = paused.readable(readable)
        else:
            break
    return readable


async def batches(stream: Any, size: int) -> AsyncGenerator[list[EventT[bytes]]]:
    """Yield the events that are available, 1 to `size` at a time, without waiting for more.

    The stream acknowledges nothing itself. (`Stream.take` acknowledges in a `finally` block, and
    holds an event back until its time window ends.)
    """
    # A separate task reads the stream. If a batch were filled from Faust's queue directly, a
    # rebalance could empty that queue meanwhile, and would then wait forever for the batch's acks.
    queue: asyncio.Queue[EventT[bytes]] = asyncio.Queue(size)
    reader = asyncio.create_task(_read(stream, queue))
    reader.add_done_callback(ended := partial(_reader_ended, stream))
    try:
        while True:
            batch = [await queue.get()]
            while len(batch) < size and not queue.empty():
                batch.append(queue.get_nowait())
            yield batch
    finally:
        reader.remove_done_callback(ended)
        reader.cancel()


def _reader_ended(stream: Any, _: "asyncio.Task[None]") -> None:
    """End the process, unless Faust is stopping: the agent would wait for ever."""
    if not stream.app.should_stop:
        logger.critical("stream_reader_ended")
        end_process()


async def _read(stream: Any, queue: "asyncio.Queue[EventT[bytes]]") -> None:
    try:
        async for event in stream.noack().events():
            await queue.put(event)
    except Exception:
        logger.critical("stream_failed", exc_info=True)
        end_process()


def _record(event: EventT[bytes]) -> Record:
    message = event.message
    value = message.value
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=value,
        timestamp=message.timestamp,
        unreadable=value.reason if isinstance(value, UnreadableBytes) else None,
    )
