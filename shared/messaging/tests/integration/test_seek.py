"""Faust seeks to the committed offsets after it dropped what it had fetched during a rebalance."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from faust.contrib.asgi import faust_app_running
from faust.types import TP
from messaging_testing.topics import Raw, produce
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.consumer import consume
from saga_messaging.kafka.faust_app import faust_app
from saga_schemas.topics import USER_COMMANDS

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]

SECONDS = 60


def test_records_of_a_partition_without_a_committed_offset_are_not_skipped(
    kafka_bootstrap, make_settings
):
    settings = make_settings(
        kafka_bootstrap_servers=kafka_bootstrap,
        kafka_topic_prefix=f"test-{uuid4().hex[:8]}.",
    )
    offsets = asyncio.run(offsets_received_with_a_seek_before_the_ack(settings))
    assert offsets == [0, 1, 2, 0, 1, 2]


async def offsets_received_with_a_seek_before_the_ack(settings):
    topic = settings.kafka_topic_prefix + USER_COMMANDS.name
    await create_topic(settings.kafka_bootstrap_servers, topic)
    await asyncio.to_thread(
        produce, settings.kafka_bootstrap_servers, topic, [Raw(b"1"), Raw(b"2"), Raw(b"3")]
    )
    app = faust_app("seek", settings)
    received, handled = asyncio.Queue(), asyncio.Event()

    async def receive(records):
        for record in records:
            received.put_nowait(record.offset)
        await handled.wait()

    consume(app, USER_COMMANDS, receive, settings.model_copy(update={"intake_batch_size": 3}))
    async with faust_app_running(app):
        try:
            async with asyncio.timeout(SECONDS):
                await has_read(app.consumer, TP(topic, 0), 2)
                await app.consumer.perform_seek()
                handled.set()
                return [await received.get() for _ in range(6)]
        finally:
            handled.set()


async def has_read(consumer, partition, offset):
    while consumer._read_offset[partition] != offset:  # noqa: ASYNC110 - Faust offers no event
        await asyncio.sleep(0.05)


async def create_topic(servers, name):
    async with connected_admin({"bootstrap_servers": servers}, 60) as admin:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
