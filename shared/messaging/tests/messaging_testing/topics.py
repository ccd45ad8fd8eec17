"""Blocking reads and writes of topics."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import ConsumerRecord
from saga_messaging.kafka.admin import connected_admin

FIVE_MEBIBYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Raw:
    """A record to write unchanged."""

    value: bytes | None
    key: bytes | None = b"key"
    headers: Sequence[tuple[str, bytes]] = ()


def produce(servers: str, topic: str, records: Iterable[Raw], **options: Any) -> None:
    asyncio.run(_produce(servers, topic, records, options))


def read(servers: str, topic: str, seconds: float = 90) -> list[ConsumerRecord]:
    """Return every record of a topic."""
    return asyncio.run(_read(servers, topic, seconds))


def committed(servers: str, group: str, topic: str) -> dict[int, int]:
    """Return the number of records that a group has acknowledged, by partition."""
    return asyncio.run(_committed(servers, group, topic))


def configure(servers: str, topic: str, settings: dict[str, str]) -> None:
    """Change settings of an existing topic."""
    asyncio.run(_configure(servers, topic, settings))


async def _configure(servers: str, topic: str, settings: dict[str, str]) -> None:
    async with connected_admin({"bootstrap_servers": servers}, 60) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, settings)
        await admin.alter_configs([resource])


async def _produce(
    servers: str, topic: str, records: Iterable[Raw], options: dict[str, Any]
) -> None:
    options.setdefault("max_request_size", 2 * FIVE_MEBIBYTES)
    partition = options.pop("partition", None)
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", **options) as producer:
        acks = [
            await producer.send(
                topic, record.value, record.key, partition, headers=list(record.headers)
            )
            for record in records
        ]
        await asyncio.gather(*acks)


async def _read(servers: str, topic: str, seconds: float) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, max_partition_fetch_bytes=FIVE_MEBIBYTES)
    async with consumer, asyncio.timeout(seconds):
        partitions = await _partitions(consumer, topic)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < end for each, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(batch)
    return records


async def _committed(servers: str, group: str, topic: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    async with consumer:
        partitions = await _partitions(consumer, topic)
        consumer.assign(partitions)
        return {each.partition: await consumer.committed(each) or 0 for each in partitions}


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    # The client fetches metadata only of topics that were added.
    await consumer._client.add_topic(topic)
    numbers = consumer.partitions_for_topic(topic)
    assert numbers, f"no topic {topic}"
    return [TopicPartition(topic, number) for number in sorted(numbers)]
