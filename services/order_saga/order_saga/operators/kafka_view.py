"""Reads Kafka outside of every consumer group; it commits no offset."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    TopicAuthorizationFailedError,
    for_code,
)
from saga_messaging.kafka.open_transactions import held_back

FETCH_WAIT_MS: Final = 50
COUNT_LIMIT: Final = 1_000
"""Most offsets that are read to count the messages among them."""

RawRecord = ConsumerRecord[bytes, bytes]


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets from `begin` up to, but not including, `end`."""

    begin: int
    end: int


class KafkaView:
    """Read access to topics and consumer groups, over connections of its own.

    Attributes:
        last_error: The error of the last request that is being retried; it is added to the message
            of a time-out.
    """

    def __init__(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        self.last_error: str | None = None
        self._admin = admin
        self._consumer = consumer

    async def partitions(self, topics: Collection[str]) -> Mapping[str, Sequence[int]]:
        """Return the partition numbers of each topic that exists and has partitions."""
        described = await self._admin.describe_topics()
        return {
            topic["topic"]: sorted(partition["partition"] for partition in topic["partitions"])
            for topic in described
            if topic["topic"] in topics and topic["partitions"]
        }

    async def max_message_bytes(self, topic: str) -> int | None:
        """Return the largest record that the topic takes; None if Kafka does not tell this user."""
        name = "max.message.bytes"
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: None})
        replies: list[Any] = await self._admin.describe_configs([resource])
        entries = [entry for reply in replies for each in reply.resources for entry in each[4]]
        return next((int(entry[1]) for entry in entries if entry[0] == name), None)

    async def retained(
        self, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetRange]:
        """Return the offsets that Kafka retains of each partition; all partitions must exist."""
        if not partitions:
            return {}
        self._consumer.assign(list(partitions))
        begins = await self._consumer.beginning_offsets(list(partitions))
        ends = await self._consumer.end_offsets(list(partitions))
        return {
            partition: OffsetRange(begins[partition], ends[partition]) for partition in partitions
        }

    async def first_times(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, datetime]:
        """Return when the first record of each partition was written; leave out those without."""
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, 0))
        return {
            partition: datetime.fromtimestamp(first.timestamp / 1000, UTC)
            for partition, first in found.items()
            if first is not None and first.timestamp is not None
        }

    async def read(self, ranges: Mapping[TopicPartition, OffsetRange]) -> AsyncIterator[RawRecord]:
        """Yield the records of these ranges, ordered within each partition only."""
        left = {partition for partition, range_ in ranges.items() if range_.begin < range_.end}
        if not left:
            return
        self._consumer.assign(list(left))
        for partition in left:
            self._consumer.seek(partition, ranges[partition].begin)
        # A fetch has more than the range: a record behind it that cannot be parsed would raise.
        limit = min(range_.end - range_.begin for range_ in ranges.values())
        while left:
            batches = await self._consumer.getmany(
                *left, timeout_ms=FETCH_WAIT_MS, max_records=max(1, limit)
            )
            for partition, records in batches.items():
                for record in records:
                    if record.offset < ranges[partition].end:
                        yield record
            left = {
                partition
                for partition in left
                if await self._consumer.position(partition) < ranges[partition].end
            }

    async def unread(self, partition: TopicPartition, range_: OffsetRange) -> int:
        """Return the number of messages in a range of offsets.

        Markers of transactions and aborted messages count only if the range is longer than
        `COUNT_LIMIT`, or if this user may not read the topic.
        """
        size = max(0, range_.end - range_.begin)
        if size > COUNT_LIMIT:
            return size
        try:
            return len([record async for record in self.read({partition: range_})])
        except TopicAuthorizationFailedError:
            return size

    async def held_back(self, partition: TopicPartition) -> int:
        """Return the number of offsets from the beginning of the first open transaction on."""
        client = self._consumer._client  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        return await held_back(client, partition)

    async def committed(self, group: str, partition: TopicPartition) -> int:
        """Return the offset that a group committed; 0 if it never committed one.

        Raises:
            KafkaError: The group's coordinator refused the request or is still loading.
        """
        offsets = await self._admin.list_consumer_group_offsets(group, partitions=[partition])
        if partition not in offsets:  # aiokafka drops the error of a coordinator that still loads
            raise GroupCoordinatorNotAvailableError(f"the coordinator of {group} is not ready")
        return max(0, offsets[partition].offset)

    async def members(self, group: str) -> int:
        """Return the number of members of a group; 0 if the group does not exist.

        Raises:
            KafkaError: The group's coordinator refused the request or is still loading.
        """
        replies: list[Any] = await self._admin.describe_consumer_groups([group])
        groups = [described for reply in replies for described in reply.to_object()["groups"]]
        for code in (described["error_code"] for described in groups):
            if code not in (0, GroupIdNotFound.errno):
                raise for_code(code)(f"the coordinator of {group} does not describe it")
        return sum(len(described["members"]) for described in groups)
