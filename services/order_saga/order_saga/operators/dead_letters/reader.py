"""The dead-letter topics, read from outside: bounded in number and in time."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from order_saga.errors import LetterUnknown
from order_saga.kafka_access import ACCESS
from order_saga.operators.dead_letters.model import Letter, Place, letter_of
from order_saga.operators.kafka_view import KafkaView, OffsetRange, open_kafka_view
from order_saga.settings import OrderSagaSettings


class LetterBox:
    """Reads dead letters of every topic of this system; it changes nothing."""

    def __init__(self, settings: OrderSagaSettings) -> None:
        self._prefix = settings.kafka_topic_prefix
        self._settings = settings

    async def newest(self) -> tuple[list[Letter], bool]:
        """The newest `dead_letter_scan_limit` of each partition, newest first; and if that is all.

        Raises:
            KafkaUnavailable: Kafka did not respond in time.
        """
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            spans = await self._spans(view, (topic.dead_letters for topic in ACCESS.replays))
            limit = self._settings.dead_letter_scan_limit
            tails = {
                each: OffsetRange(max(s.begin, s.end - limit), s.end) for each, s in spans.items()
            }
            found = [letter_of(raw, self._prefix) async for raw in view.read(tails)]
        letters = sorted(found, key=lambda letter: (letter.at, letter.offset), reverse=True)
        return letters, tails == spans

    async def read(self, place: Place) -> Any:
        """One record.

        Raises:
            LetterUnknown: There is none, or Kafka does not keep it any more.
            KafkaUnavailable: Kafka did not respond in time.
        """
        topic, partition, offset = place
        if topic not in {each.dead_letters for each in ACCESS.replays}:
            raise LetterUnknown
        where = TopicPartition(self._prefix + topic, partition)
        async with open_kafka_view(self._settings, self._settings.kafka_look_seconds) as view:
            span = (await self._spans(view, [topic])).get(where)
            if span is None or not span.begin <= offset < span.end:
                raise LetterUnknown
            async for raw in view.read({where: OffsetRange(offset, offset + 1)}):
                return raw
        raise LetterUnknown

    async def _spans(
        self, view: KafkaView, topics: Iterable[str]
    ) -> Mapping[TopicPartition, OffsetRange]:
        partitions = await view.partitions([self._prefix + topic for topic in topics])
        return await view.retained(
            [TopicPartition(topic, number) for topic, all_ in partitions.items() for number in all_]
        )
