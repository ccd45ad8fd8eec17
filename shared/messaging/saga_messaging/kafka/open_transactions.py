"""Offsets that wait for the end of a transaction."""

from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, OffsetResetStrategy
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.offset import OffsetRequest


async def held_back(client: Any, partition: TopicPartition) -> int:
    """Return the number of offsets from the beginning of the first open transaction to the end.

    Raises:
        KafkaError: The partition's leader is unknown, or it refused the request.
    """
    stable = await _end(client, partition, READ_COMMITTED)
    return max(0, await _end(client, partition, READ_UNCOMMITTED) - stable)


async def _end(client: Any, partition: TopicPartition, isolation: int) -> int:
    name = f"{partition.topic}[{partition.partition}]"
    leader = client.cluster.leader_for_partition(partition)
    if leader is None or leader < 0:
        raise LeaderNotAvailableError(name)
    wanted = [(partition.topic, [(partition.partition, OffsetResetStrategy.LATEST)])]
    response = await client.send(leader, OffsetRequest(-1, isolation, wanted))
    _, error, _, end = response.topics[0][1][0]
    if error:
        raise for_code(error)(name)
    return end
