"""Facts that Kafka has of an order: the lag of its consumers, and its dead letters."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
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

from order_saga.errors import KafkaUnavailable
from order_saga.kafka_access import PARTICIPANTS
from order_saga.operators.explain.facts import Consumer, DeadLetterRef, Route
from order_saga.operators.kafka_connection import open_kafka_view
from order_saga.operators.kafka_view import KafkaView, RawRecord
from order_saga.operators.newest_records import SHARE_OF_TIME, NewestRecords
from order_saga.settings import OrderSagaSettings

TOPICS_OF_AN_ORDER: Final = (*PARTICIPANTS, *(replies for _, replies in PARTICIPANTS.values()))
COORDINATOR_NOT_READY: Final = (  # it is starting, or moving to another broker
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
RETRY_SECONDS: Final = 0.1

T = TypeVar("T")
logger = structlog.get_logger(__name__)


async def inspect_kafka(
    order_id: str, routes: Sequence[Route], settings: OrderSagaSettings
) -> tuple[list[Consumer] | str, list[DeadLetterRef] | str]:
    """Return the consumer of each route, and the newest dead letters of the order.

    Never raises: a fact that Kafka does not provide within `kafka_look_seconds` is replaced by a
    text that says why, independently of the other. A group commits its offsets every few seconds;
    messages that it read since then count as unread. A topic that does not exist has no dead
    letters.
    """
    consumers, dead_letters = await asyncio.gather(
        _consumers(order_id, routes, settings),
        _dead_letters(order_id, settings),
        return_exceptions=True,
    )
    return _found_or_error(consumers), _found_or_error(dead_letters)


def _found_or_error(found: T | BaseException) -> T | str:
    if not isinstance(found, BaseException):
        return found
    if isinstance(found, KafkaUnavailable):
        return str(found)
    # aiokafka's admin client is experimental: whatever it raises, the other facts are returned.
    logger.error("kafka_inspection_failed", exc_info=found)
    return f"Kafka is unavailable: {type(found).__name__}"


async def _consumers(
    order_id: str, routes: Sequence[Route], settings: OrderSagaSettings
) -> list[Consumer]:
    if not routes:
        return []
    prefix = settings.kafka_topic_prefix
    async with open_kafka_view(settings, settings.kafka_look_seconds) as view:
        topics = [prefix + route.topic for route in routes]
        partitions = await _partitions(view, order_id, topics)
        for topic in topics:
            if topic not in partitions:
                raise KafkaUnavailable(f"Kafka has no topic {topic}")
        return [
            await _consumer(view, route, partitions[topic], prefix)
            for route, topic in zip(routes, topics, strict=True)
        ]


async def _consumer(
    view: KafkaView, route: Route, partition: TopicPartition, prefix: str
) -> Consumer:
    retained = (await view.retained([partition]))[partition]
    retry = tenacity.AsyncRetrying(  # `open_kafka_view` limits the time
        retry=tenacity.retry_if_exception_type(COORDINATOR_NOT_READY),
        wait=tenacity.wait_fixed(RETRY_SECONDS),
        before_sleep=lambda state: _keep_last_error(view, state),
    )
    committed = await retry(view.committed, prefix + route.group, partition)
    unread = replace(retained, begin=max(retained.begin, committed))
    return Consumer(
        group=route.group,
        topic=route.topic,
        partition=partition.partition,
        behind=await view.unread(partition, unread),
        members=await retry(view.members, prefix + route.group),
        expired=max(0, retained.begin - committed),
        held_back=await view.held_back(partition),
    )


def _keep_last_error(view: KafkaView, state: tenacity.RetryCallState) -> None:
    view.last_error = str(state.outcome and state.outcome.exception())


async def _dead_letters(order_id: str, settings: OrderSagaSettings) -> list[DeadLetterRef]:
    limit, prefix = settings.dead_letter_scan_limit, settings.kafka_topic_prefix
    async with open_kafka_view(settings, settings.kafka_look_seconds) as view:
        topics = [prefix + topic.dead_letters for topic in TOPICS_OF_AN_ORDER]
        partitions = await _partitions(view, order_id, topics)
        retained = await view.retained([partitions[name] for name in topics if name in partitions])
        offsets = {
            partition: range(span.end - 1, max(span.begin, span.end - limit) - 1, -1)
            for partition, span in retained.items()
        }

        def describe(record: RawRecord) -> DeadLetterRef | None:
            if record.key != order_id.encode():
                return None
            topic = record.topic.removeprefix(prefix)
            return DeadLetterRef(topic, record.partition, record.offset, _reason(record))

        newest = NewestRecords(
            view,
            describe,
            limit_bytes=settings.dead_letter_scan_bytes,
            limit_seconds=settings.kafka_look_seconds * SHARE_OF_TIME,
        )
        await newest.scan(offsets)
        return sorted(newest.found, key=lambda each: each.offset)


def _reason(record: RawRecord) -> str:
    reason = dict(record.headers).get("dead-letter-reason")
    return (reason or b"no reason recorded").decode(errors="replace")


async def _partitions(
    view: KafkaView, order_id: str, topics: Sequence[str]
) -> Mapping[str, TopicPartition]:
    """Return the partition of the order in each of the topics that exist."""
    return {
        topic: TopicPartition(topic, _partition_of(order_id, numbers))
        for topic, numbers in (await view.partitions(topics)).items()
    }


def _partition_of(order_id: str, partitions: Sequence[int]) -> int:
    return DefaultPartitioner()(order_id.encode(), partitions, partitions)
