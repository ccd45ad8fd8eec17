"""Looks at Kafka from outside of every consumer group: nothing here moves an offset."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from saga_messaging.kafka import client_options
from saga_messaging.settings import KafkaSettings

from order_saga.errors import KafkaSilent

FETCH_WAIT_MS: Final = 50
Raw = ConsumerRecord[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets of a partition that Kafka keeps: from `begin` up to, and without, `end`."""

    begin: int
    end: int


class KafkaView:
    """One look, over connections of its own."""

    def __init__(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        self.admin = admin
        self._consumer = consumer

    async def partitions(self, topics: Collection[str]) -> Mapping[str, Sequence[int]]:
        """The partitions of those topics that exist."""
        found = await self.admin.describe_topics()
        return {
            each["topic"]: sorted(partition["partition"] for partition in each["partitions"])
            for each in found
            if each["topic"] in topics
        }

    async def spans(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Span]:
        """What Kafka keeps of partitions that exist."""
        if not partitions:
            return {}
        self._consumer.assign(list(partitions))
        begins = await self._consumer.beginning_offsets(list(partitions))
        ends = await self._consumer.end_offsets(list(partitions))
        return {each: Span(begins[each], ends[each]) for each in partitions}

    async def read(self, wanted: Mapping[TopicPartition, Span]) -> AsyncIterator[Raw]:
        """The records of these spans, in no order but that of each partition."""
        left = {each for each, span in wanted.items() if span.begin < span.end}
        if not left:
            return
        self._consumer.assign(list(left))
        for each in left:
            self._consumer.seek(each, wanted[each].begin)
        while left:
            batches = await self._consumer.getmany(*left, timeout_ms=FETCH_WAIT_MS)
            for each, records in batches.items():
                for record in records:
                    if record.offset < wanted[each].end:
                        yield record
            left = {each for each in left if await self._consumer.position(each) < wanted[each].end}


@asynccontextmanager
async def looking(settings: KafkaSettings, seconds: float) -> AsyncGenerator[KafkaView]:
    """A view of Kafka, closed after at most `seconds`.

    Raises:
        KafkaSilent: Kafka did not answer in that time, or not as it should.
    """
    options = client_options(settings)
    try:
        async with asyncio.timeout(seconds):
            admin = AIOKafkaAdminClient(**options)
            consumer = AIOKafkaConsumer(
                **options,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=FETCH_WAIT_MS,
            )
            try:
                await admin.start()
                await consumer.start()
                yield KafkaView(admin, consumer)
            finally:
                await consumer.stop()
                await admin.close()
    except TimeoutError:
        raise KafkaSilent(f"Kafka did not answer within {seconds:g} s") from None
    except (KafkaError, OSError) as error:
        raise KafkaSilent(f"Kafka did not answer: {type(error).__name__}: {error}") from error
