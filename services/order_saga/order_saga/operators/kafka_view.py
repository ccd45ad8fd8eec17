"""Looks at Kafka from outside of every consumer group: nothing here moves an offset."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    KafkaError,
    for_code,
)
from saga_messaging.kafka.access_errors import explain_access_errors
from saga_messaging.kafka.client import client_options
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
    """One look, over connections of its own.

    Attributes:
        trouble: Why it has to ask again; said where that takes longer than the look may.
    """

    def __init__(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        self.trouble: str | None = None
        self._admin = admin
        self._consumer = consumer

    async def partitions(self, topics: Collection[str]) -> Mapping[str, Sequence[int]]:
        """The partitions of those topics that exist; one that is just being made has none yet."""
        found = await self._admin.describe_topics()
        return {
            each["topic"]: sorted(partition["partition"] for partition in each["partitions"])
            for each in found
            if each["topic"] in topics and each["partitions"]
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

    async def committed(self, group: str, partition: TopicPartition) -> int:
        """Up to which offset a group has said that it has read; 0 where it never has.

        Raises:
            KafkaError: Its coordinator refuses, or still loads.
        """
        offsets = await self._admin.list_consumer_group_offsets(group, partitions=[partition])
        if partition not in offsets:  # aiokafka drops the error of a coordinator that still loads
            raise GroupCoordinatorNotAvailableError(f"the coordinator of {group} is not ready")
        return max(0, offsets[partition].offset)

    async def members(self, group: str) -> int:
        """How many are in a group; 0 where there is no such group.

        Raises:
            KafkaError: Its coordinator refuses, or still loads.
        """
        replies: list[Any] = await self._admin.describe_consumer_groups([group])
        described = [each for reply in replies for each in reply.to_object()["groups"]]
        for code in (each["error_code"] for each in described):
            if code not in (0, GroupIdNotFound.errno):
                raise for_code(code)(f"the coordinator of {group} does not describe it")
        return sum(len(each["members"]) for each in described)


@asynccontextmanager
async def looking(settings: KafkaSettings, seconds: float) -> AsyncGenerator[KafkaView]:
    """A view of Kafka, closed after at most `seconds`.

    Raises:
        KafkaSilent: Kafka did not answer in that time, or not as it should.
    """
    view: KafkaView | None = None
    try:
        async with asyncio.timeout(seconds), _connected(settings) as view:
            yield view
    except TimeoutError:
        last = f" ({view.trouble})" if view and view.trouble else ""
        raise KafkaSilent(
            f"Kafka could not be asked: no answer within {seconds:g} s{last}"
        ) from None
    except KafkaError as error:  # its text begins with its name
        raise KafkaSilent(f"Kafka could not be asked: {error}") from error
    except OSError as error:
        raise KafkaSilent(f"Kafka could not be asked: {type(error).__name__}: {error}") from error


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
    )
    try:
        async with explain_access_errors(settings):
            await admin.start()
            await consumer.start()
        yield KafkaView(admin, consumer)
    finally:
        try:
            await _stop(consumer)
        finally:
            await admin.close()


async def _stop(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer whatever it is doing.

    While one of its fetches rests after a broken connection, aiokafka's own `stop` ends half-way
    with CancelledError, which here would look as if our caller had been cancelled.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping])
    if not stopping.cancelled():
        return stopping.result()
    await consumer._client.close()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return None
