"""How far a consumer group is behind on the partition of an order, and whether it is alive."""

from collections.abc import Sequence
from typing import Any, Final

import tenacity
from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.partitioner import DefaultPartitioner
from saga_schemas.topics import PAYMENT_COMMANDS, PAYMENT_EVENTS, USER_COMMANDS, USER_EVENTS

from order_saga.kafka_view import KafkaView, Raw, Span, looking
from order_saga.settings import OrderSagaSettings
from order_saga.situation import Consumer, LetterOf, Route

WATCHED: Final = (USER_COMMANDS, USER_EVENTS, PAYMENT_COMMANDS, PAYMENT_EVENTS)


async def look(
    order_id: str, routes: Sequence[Route], settings: OrderSagaSettings
) -> tuple[list[Consumer], list[LetterOf]]:
    """The consumer of each route, as Kafka knows it, and the newest dead letters of the order.

    A group commits its offsets every few seconds: what it has read since counts as not read yet.
    A topic that does not exist has no consumer and no dead letters.

    Raises:
        KafkaSilent: Kafka did not answer within `kafka_look_seconds`.
    """
    prefix = settings.kafka_topic_prefix
    async with looking(settings, settings.kafka_look_seconds) as view:
        names = [prefix + name for topic in WATCHED for name in (topic.name, topic.dead_letters)]
        places = {
            topic: TopicPartition(topic, _partition_of(order_id, numbers))
            for topic, numbers in (await view.partitions(names)).items()
        }
        consumers = [
            await _consumer(view, route, place, prefix)
            for route in routes
            if (place := places.get(prefix + route.topic))
        ]
        graves = [
            places[name] for topic in WATCHED if (name := prefix + topic.dead_letters) in places
        ]
        return consumers, await _letters(view, order_id, graves, settings)


async def _letters(
    view: KafkaView, order_id: str, graves: Sequence[TopicPartition], settings: OrderSagaSettings
) -> list[LetterOf]:
    limit, prefix = settings.dead_letter_scan_limit, settings.kafka_topic_prefix
    spans = await view.spans(graves)
    newest = {
        each: Span(max(span.begin, span.end - limit), span.end) for each, span in spans.items()
    }
    return [
        LetterOf(
            record.topic.removeprefix(prefix), record.partition, record.offset, _reason(record)
        )
        async for record in view.read(newest)
        if record.key == order_id.encode()
    ]


def _reason(letter: Raw) -> str:
    return dict(letter.headers).get("dead-letter-reason", b"").decode(errors="replace")


def _partition_of(order_id: str, partitions: Sequence[int]) -> int:
    return DefaultPartitioner()(order_id.encode(), partitions, partitions)


@tenacity.retry(  # while the broker makes its first group, for no longer than the look takes
    retry=tenacity.retry_if_exception_type(GroupCoordinatorNotAvailableError),
    wait=tenacity.wait_fixed(0.1),
    reraise=True,
)
async def _consumer(
    view: KafkaView, route: Route, partition: TopicPartition, prefix: str
) -> Consumer:
    group = prefix + route.group
    span = (await view.spans([partition]))[partition]
    committed = await view.admin.list_consumer_group_offsets(group, partitions=[partition])
    if partition not in committed:  # aiokafka drops the error of a coordinator that still loads
        raise GroupCoordinatorNotAvailableError(f"The coordinator of {group} is not ready")
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
