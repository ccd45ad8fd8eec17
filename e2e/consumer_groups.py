"""Who has which partitions, and how far each was read: as Kafka itself describes a group."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.partitioner import murmur2
from saga_stack.stack import Stack

T = TypeVar("T")


def members(stack: Stack, group: str) -> dict[int, set[TopicPartition]]:
    """The partitions of each member of a group, by its process id; none while they move."""

    async def ask(admin: AIOKafkaAdminClient) -> dict[int, set[TopicPartition]]:
        replies: list[Any] = await admin.describe_consumer_groups([group])
        [described] = [each for reply in replies for each in reply.to_object()["groups"]]
        return {
            int(member["client_id"].rpartition("-")[2]): _partitions(member["member_assignment"])
            for member in described["members"]
        }

    return _with_admin(stack, ask)


def read_offsets(stack: Stack, group: str) -> Mapping[TopicPartition, int]:
    """Up to where the group has acked each partition."""

    async def ask(admin: AIOKafkaAdminClient) -> dict[TopicPartition, int]:
        found = await admin.list_consumer_group_offsets(group)
        return {place: max(0, committed.offset) for place, committed in found.items()}

    return _with_admin(stack, ask)


def partition_of(key: str, partitions: int) -> int:
    """The partition number of a saga, on every topic."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def numbers(places: Iterable[TopicPartition]) -> set[int]:
    """The partition numbers, whatever the topic."""
    return {place.partition for place in places}


def _partitions(assignment: bytes) -> set[TopicPartition]:
    if not assignment:  # so says Kafka while it waits for who will be in the group
        return set()
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return {TopicPartition(topic, n) for topic, found in decoded.assignment for n in found}


def _with_admin(stack: Stack, ask: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    async def main() -> T:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
        await admin.start()
        try:
            return await ask(admin)
        finally:
            await admin.close()

    return asyncio.run(main())
