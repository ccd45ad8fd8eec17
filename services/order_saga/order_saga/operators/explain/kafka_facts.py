"""How far a consumer group is behind on the partition of an order, and whether it is alive."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import structlog
import tenacity
from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
from aiokafka.partitioner import DefaultPartitioner

from order_saga.errors import KafkaSilent
from order_saga.kafka_access import PARTICIPANTS
from order_saga.operators.explain.facts import Consumer, LetterOf, Route
from order_saga.operators.kafka_view import KafkaView, Raw, Span, looking
from order_saga.settings import OrderSagaSettings

WATCHED: Final = (*PARTICIPANTS, *(replies for _, replies in PARTICIPANTS.values()))
NOT_READY: Final = (  # a coordinator that is starting, or moving to another broker
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
ASK_AGAIN_SECONDS: Final = 0.1

Found = TypeVar("Found")
logger = structlog.get_logger(__name__)


async def look(
    order_id: str, routes: Sequence[Route], settings: OrderSagaSettings
) -> tuple[list[Consumer] | str, list[LetterOf] | str]:
    """The consumer of each route, as Kafka knows it, and the newest dead letters of the order.

    Never raises: what is not known within `kafka_look_seconds` is a text that says why, each for
    itself. A group commits its offsets every few seconds: what it has read since counts as not
    read yet. A topic that does not exist has no dead letters.
    """
    consumers, letters = await asyncio.gather(
        _consumers(order_id, routes, settings), _letters(order_id, settings), return_exceptions=True
    )
    return _told(consumers), _told(letters)


def _told(found: Found | BaseException) -> Found | str:
    if not isinstance(found, BaseException):
        return found
    if isinstance(found, KafkaSilent):
        return str(found)
    # aiokafka's admin client is experimental: whatever it raises, the rest of the answer stands.
    logger.error("kafka_look_failed", exc_info=found)
    return f"Kafka could not be asked: {type(found).__name__}"


async def _consumers(
    order_id: str, routes: Sequence[Route], settings: OrderSagaSettings
) -> list[Consumer]:
    if not routes:
        return []
    prefix = settings.kafka_topic_prefix
    async with looking(settings, settings.kafka_look_seconds) as view:
        places = await _places(view, order_id, [prefix + route.topic for route in routes])
        for route in routes:
            if prefix + route.topic not in places:
                raise KafkaSilent(f"Kafka has no topic {prefix}{route.topic}")
        return [
            await _consumer(view, route, places[prefix + route.topic], prefix) for route in routes
        ]


async def _consumer(
    view: KafkaView, route: Route, partition: TopicPartition, prefix: str
) -> Consumer:
    span = (await view.spans([partition]))[partition]
    asking_again = tenacity.AsyncRetrying(  # for no longer than the look takes
        retry=tenacity.retry_if_exception_type(NOT_READY),
        wait=tenacity.wait_fixed(ASK_AGAIN_SECONDS),
        before_sleep=lambda state: _note(view, state),
    )
    committed = await asking_again(view.committed, prefix + route.group, partition)
    return Consumer(
        group=route.group,
        topic=route.topic,
        partition=partition.partition,
        behind=max(0, span.end - max(span.begin, committed)),
        members=await asking_again(view.members, prefix + route.group),
        expired=max(0, span.begin - committed),
    )


def _note(view: KafkaView, state: tenacity.RetryCallState) -> None:
    view.trouble = str(state.outcome and state.outcome.exception())


async def _letters(order_id: str, settings: OrderSagaSettings) -> list[LetterOf]:
    limit, prefix = settings.dead_letter_scan_limit, settings.kafka_topic_prefix
    async with looking(settings, settings.kafka_look_seconds) as view:
        names = [prefix + topic.dead_letters for topic in WATCHED]
        places = await _places(view, order_id, names)
        spans = await view.spans([places[name] for name in names if name in places])
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
    reason = dict(letter.headers).get("dead-letter-reason")
    return (reason or b"it gives no reason").decode(errors="replace")


async def _places(
    view: KafkaView, order_id: str, topics: Sequence[str]
) -> Mapping[str, TopicPartition]:
    """The partition of the order in each of the topics that exist."""
    return {
        topic: TopicPartition(topic, _partition_of(order_id, numbers))
        for topic, numbers in (await view.partitions(topics)).items()
    }


def _partition_of(order_id: str, partitions: Sequence[int]) -> int:
    return DefaultPartitioner()(order_id.encode(), partitions, partitions)
