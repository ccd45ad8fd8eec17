"""How far a consumer group is behind on the partition of an order, and whether it is alive."""

from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner
from saga_messaging.settings import KafkaSettings

from order_saga.kafka_view import KafkaView, looking
from order_saga.why import Consumer, Route


async def consumers_of(
    order_id: str, routes: Sequence[Route], settings: KafkaSettings, seconds: float
) -> list[Consumer]:
    """The consumer of each route, as Kafka knows it; a topic that does not exist has none.

    A group commits its offsets every few seconds: what it has read since counts as not read yet.

    Raises:
        KafkaSilent: Kafka did not answer in time.
    """
    prefix = settings.kafka_topic_prefix
    async with looking(settings, seconds) as view:
        partitions = await view.partitions([prefix + route.topic for route in routes])
        return [
            await _consumer(view, route, TopicPartition(prefix + route.topic, number), prefix)
            for route in routes
            if (all_of_them := partitions.get(prefix + route.topic))
            for number in [_partition_of(order_id, all_of_them)]
        ]


def _partition_of(order_id: str, partitions: Sequence[int]) -> int:
    return DefaultPartitioner()(order_id.encode(), partitions, partitions)


async def _consumer(
    view: KafkaView, route: Route, partition: TopicPartition, prefix: str
) -> Consumer:
    group = prefix + route.group
    span = (await view.spans([partition]))[partition]
    committed = await view.admin.list_consumer_group_offsets(group, partitions=[partition])
    read_up_to = max(span.begin, committed[partition].offset)  # -1 where it has read nothing
    return Consumer(
        group=route.group,
        topic=route.topic,
        partition=partition.partition,
        behind=max(0, span.end - read_up_to),
        members=await _members(view, group),
    )


async def _members(view: KafkaView, group: str) -> int:
    described: list[Any] = await view.admin.describe_consumer_groups([group])
    return sum(len(each["members"]) for reply in described for each in reply.to_object()["groups"])
