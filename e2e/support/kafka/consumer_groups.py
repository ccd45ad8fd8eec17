"""Consumer groups as Kafka describes them: members, their partitions, committed offsets."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.partitioner import murmur2
from support.kafka.admin import with_admin
from support.system import System


def members(system: System, group: str) -> dict[int, set[TopicPartition]]:
    """Return the partitions of each member of a group, by process id; empty in a rebalance."""

    async def describe(admin: AIOKafkaAdminClient) -> dict[int, set[TopicPartition]]:
        replies: list[Any] = await admin.describe_consumer_groups([group])
        [described] = [found for reply in replies for found in reply.to_object()["groups"]]
        return {
            int(member["client_id"].rpartition("-")[2]): _assigned(member["member_assignment"])
            for member in described["members"]
        }

    return with_admin(system, describe)


def committed_offsets(system: System, group: str) -> Mapping[TopicPartition, int]:
    """Return the offset up to which the group has committed each partition."""

    async def read(admin: AIOKafkaAdminClient) -> dict[TopicPartition, int]:
        found = await admin.list_consumer_group_offsets(group)
        return {place: max(0, committed.offset) for place, committed in found.items()}

    return with_admin(system, read)


def partition_of(key: str, partitions: int) -> int:
    """Return the partition number of a saga, the same on every topic."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def numbers(places: Iterable[TopicPartition]) -> set[int]:
    """Return the partition numbers, whatever the topic."""
    return {place.partition for place in places}


def _assigned(assignment: bytes) -> set[TopicPartition]:
    if not assignment:  # while Kafka waits for members to join
        return set()
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return {TopicPartition(topic, n) for topic, found in decoded.assignment for n in found}
