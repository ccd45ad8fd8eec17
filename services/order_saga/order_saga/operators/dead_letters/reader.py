"""Bounded reads of the dead-letter topics, outside of every consumer group."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Final

from aiokafka import TopicPartition

from order_saga.errors import DeadLetterNotFound, DeadLetterNotReplayable
from order_saga.kafka_access import ACCESS
from order_saga.operators.dead_letters.model import (
    DeadLetter,
    RawRecord,
    RecordPosition,
    dead_letter_of,
    origin_topic,
    position_text,
)
from order_saga.operators.kafka_connection import open_kafka_view
from order_saga.operators.kafka_view import KafkaView, OffsetRange
from order_saga.operators.newest_records import SHARE_OF_TIME, NewestRecords
from order_saga.settings import OrderSagaSettings

RECORD_OVERHEAD: Final = 256
"""Most bytes that a replayed record has besides its key and value, in its headers and its batch."""


class DeadLetterReader:
    """Reads the dead letters of every topic of this system; changes nothing."""

    def __init__(self, settings: OrderSagaSettings) -> None:
        self._prefix = settings.kafka_topic_prefix
        self._settings = settings

    async def newest(
        self, limit: int, handled: Mapping[RecordPosition, datetime]
    ) -> tuple[list[DeadLetter], bool]:
        """Return the newest dead letters, newest first, and if these are all.

        At most `dead_letter_scan_limit` dead letters of a partition, and `dead_letter_scan_bytes`
        of all, are read. Positions that were last handled at the given times are not read, unless
        that was before the partition's first record: its topic was then created again.

        Raises:
            KafkaUnavailable: Kafka did not respond in time.
        """
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            spans = await self._spans(view, (topic.dead_letters for topic in ACCESS.replays))
            omitted = await self._still_handled(view, spans, handled)
            limit_of_scan = self._settings.dead_letter_scan_limit
            offsets = {
                each: list(islice(self._unread(each, span, omitted), limit_of_scan + 1))
                for each, span in spans.items()
            }
            newest = NewestRecords(
                view,
                lambda record: dead_letter_of(record, self._prefix),
                limit_bytes=self._settings.dead_letter_scan_bytes,
                limit_seconds=self._settings.kafka_look_seconds * SHARE_OF_TIME,
                enough=limit,
            )
            await newest.scan({each: found[:limit_of_scan] for each, found in offsets.items()})
        newest_first = sorted(newest.found, key=_age)
        beyond = any(len(found) > limit_of_scan for found in offsets.values())
        whole = newest.within_limits and not newest.more and not beyond
        return newest_first[:limit], whole and len(newest_first) <= limit

    async def _still_handled(
        self,
        view: KafkaView,
        spans: Mapping[TopicPartition, OffsetRange],
        handled: Mapping[RecordPosition, datetime],
    ) -> Collection[RecordPosition]:
        named = {
            position: TopicPartition(self._prefix + position[0], position[1])
            for position in handled
        }
        first_times = await view.first_times(spans.keys() & set(named.values()))
        return {
            position
            for position, partition in named.items()
            if partition in first_times and handled[position] >= first_times[partition]
        }

    def _unread(
        self, partition: TopicPartition, span: OffsetRange, omitted: Collection[RecordPosition]
    ) -> Iterator[int]:
        topic = partition.topic.removeprefix(self._prefix)
        return (
            offset
            for offset in range(span.end - 1, span.begin - 1, -1)
            if (topic, partition.partition, offset) not in omitted
        )

    async def read(self, position: RecordPosition) -> RawRecord:
        """Return the record at a position of a dead-letter topic.

        Raises:
            DeadLetterNotFound: The position does not exist, or Kafka no longer keeps it.
            KafkaUnavailable: Kafka did not respond in time.
        """
        topic, partition, offset = position
        if topic not in {each.dead_letters for each in ACCESS.replays}:
            raise _not_found(position)
        wanted = TopicPartition(self._prefix + topic, partition)
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            span = (await self._spans(view, [topic])).get(wanted)
            if span is None or not span.begin <= offset < span.end:
                raise _not_found(position)
            async for record in view.read({wanted: OffsetRange(offset, offset + 1)}):
                return record
        raise _not_found(position)

    async def require_accepted(self, record: RawRecord) -> None:
        """Check that the topic that the record came from takes its size, as far as Kafka tells.

        Raises:
            DeadLetterNotReplayable: It would refuse the record.
            KafkaUnavailable: Kafka did not respond in time.
        """
        topic = origin_topic(record, self._prefix)
        if topic is None:
            return
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            limit = await view.max_message_bytes(self._prefix + topic)
        size = len(record.value or b"") + len(record.key or b"") + RECORD_OVERHEAD
        if limit is not None and size > limit:
            raise DeadLetterNotReplayable(
                f"Its {size} bytes exceed max.message.bytes ({limit}) of {topic}. Raise that limit "
                "and replay it again, or drop it."
            )

    async def _spans(
        self, view: KafkaView, topics: Iterable[str]
    ) -> Mapping[TopicPartition, OffsetRange]:
        partitions = await view.partitions([self._prefix + topic for topic in topics])
        return await view.retained(
            [TopicPartition(topic, number) for topic, all_ in partitions.items() for number in all_]
        )


def _age(dead_letter: DeadLetter) -> tuple[float, int]:
    """Return the sort key that puts the newest first, and those without a time last."""
    at = dead_letter.at.timestamp() if dead_letter.at else float("-inf")
    return -at, -dead_letter.offset


def _not_found(position: RecordPosition) -> DeadLetterNotFound:
    return DeadLetterNotFound(
        f"There is no dead letter at {position_text(position)}, or Kafka no longer keeps it. "
        "GET /dead-letters lists those that exist."
    )
