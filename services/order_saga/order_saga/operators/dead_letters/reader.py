"""Bounded reads of the dead-letter topics, outside of every consumer group."""

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from order_saga.errors import DeadLetterNotFound
from order_saga.kafka_access import ACCESS
from order_saga.operators.dead_letters.model import (
    DeadLetter,
    RawRecord,
    RecordPosition,
    dead_letter_of,
    position_text,
)
from order_saga.operators.kafka_view import KafkaView, OffsetRange, open_kafka_view
from order_saga.settings import OrderSagaSettings


class DeadLetterReader:
    """Reads the dead letters of every topic of this system; changes nothing."""

    def __init__(self, settings: OrderSagaSettings) -> None:
        self._prefix = settings.kafka_topic_prefix
        self._settings = settings

    async def newest(self) -> tuple[list[DeadLetter], bool]:
        """Return the newest dead letters of each partition, newest first, and if these are all.

        At most `dead_letter_scan_limit` dead letters of a partition are read.

        Raises:
            KafkaUnavailable: Kafka did not respond in time.
        """
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            spans = await self._spans(view, (topic.dead_letters for topic in ACCESS.replays))
            limit = self._settings.dead_letter_scan_limit
            tails = {
                each: OffsetRange(max(s.begin, s.end - limit), s.end) for each, s in spans.items()
            }
            found = [dead_letter_of(record, self._prefix) async for record in view.read(tails)]
        newest_first = sorted(found, key=lambda each: (each.at, each.offset), reverse=True)
        return newest_first, tails == spans

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

    async def _spans(
        self, view: KafkaView, topics: Iterable[str]
    ) -> Mapping[TopicPartition, OffsetRange]:
        partitions = await view.partitions([self._prefix + topic for topic in topics])
        return await view.retained(
            [TopicPartition(topic, number) for topic, all_ in partitions.items() for number in all_]
        )


def _not_found(position: RecordPosition) -> DeadLetterNotFound:
    return DeadLetterNotFound(
        f"There is no dead letter at {position_text(position)}, or Kafka no longer keeps it. "
        "GET /dead-letters lists those that exist."
    )
