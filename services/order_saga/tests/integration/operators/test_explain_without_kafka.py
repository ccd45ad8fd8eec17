"""GET /orders/{id}/why with Kafka unavailable: the sentence says what is unknown."""

import asyncio
import re
import tempfile
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from order_saga.errors import KafkaUnavailable
from order_saga.operators.kafka_connection import open_kafka_view
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings
from saga_stack.kafka.broker import EmbeddedKafka

pytestmark = pytest.mark.slow

UNKNOWN = re.compile("consumer lag is unknown: Kafka (is unavailable|did not respond)")
KNOWN = "user-service has no unread messages on user_commands[0]"


@pytest.fixture
def kafka():
    """A broker for one test, which can kill it."""
    with (
        tempfile.TemporaryDirectory(prefix="why-") as folder,
        EmbeddedKafka(Path(folder) / "kafka") as broker,
    ):
        yield broker


@pytest.fixture
def settings(kafka):
    return KafkaSettings(kafka_bootstrap_servers=kafka.bootstrap_servers, kafka_partitions=1)


@pytest.fixture
def orders(replica_with, kafka):
    return replica_with(kafka_bootstrap_servers=kafka.bootstrap_servers)


@pytest.fixture
async def why(orders):
    """Explain an order that waits for the user service."""
    order_id = (await orders.place()).json()["id"]
    await orders.sent()

    async def why():
        response = await orders.http.get(f"/orders/{order_id}/why")
        assert response.status_code == 200, response.text
        return response.json()["why"]

    return why


async def test_a_broker_is_new_then_killed_twice_and_restarted(kafka, settings, why):
    assert ": Kafka has no topic user_commands" in await why()

    await create_topics(settings)
    assert KNOWN in await why()  # the first request for a group starts its coordinator

    sentences, stopped = set(), asyncio.Event()

    async def explain_repeatedly():
        while not stopped.is_set():
            sentences.add(await why())

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(explain_repeatedly())
        for _ in range(2):
            await asyncio.to_thread(kafka.child.kill)
            assert UNKNOWN.search(await why())
            await asyncio.to_thread(kafka.start)
        stopped.set()

    assert KNOWN in await why()
    assert all(sentence.endswith(".") for sentence in sentences)


async def test_closing_a_view_whose_fetch_backs_off_cancels_no_caller(kafka, settings):
    await create_topics(settings)

    async def inspect():
        async with open_kafka_view(settings, 30) as view:
            await view.retained([TopicPartition("user_commands", 0)])  # starts to fetch
            await asyncio.to_thread(kafka.child.kill)
            await view.members("user-service")

    with pytest.raises(KafkaUnavailable, match=r"unavailable: (KafkaConnection|NodeNotReady)"):
        await inspect()

    assert not asyncio.current_task().cancelling()


async def test_a_frozen_broker_delays_an_explanation_by_kafka_look_seconds(
    kafka, settings, replica_with
):
    orders = replica_with(kafka_bootstrap_servers=kafka.bootstrap_servers, kafka_look_seconds=0.5)
    order_id = (await orders.place()).json()["id"]
    kafka.child.pause()

    try:
        response = (await orders.http.get(f"/orders/{order_id}/why")).json()
    finally:
        kafka.child.resume()

    assert response["kafka"] == "Kafka did not respond within 0.5 s"
    assert (response["consumers"], response["dead_letters"]) == (None, None)


async def test_a_timed_out_view_names_its_last_error(settings):
    async def inspect():
        async with open_kafka_view(settings, 0.5) as view:
            view.last_error = "the coordinator starts"
            await asyncio.Event().wait()

    with pytest.raises(
        KafkaUnavailable, match=r"not respond within 0.5 s \(the coordinator starts\)$"
    ):
        await inspect()


async def test_expired_messages_and_a_dead_letter_without_a_reason_are_named(
    kafka, settings, orders, why
):
    await create_topics(settings)
    order_id = (await orders.rows("SELECT id FROM sagas"))[0].id
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    for topic in ("user_commands", "user_commands.dlq"):
        headers = [("dead-letter-reason", None)]
        await producer.send_and_wait(topic, b"{}", key=order_id.encode(), headers=headers)
    await producer.stop()
    async with connected_admin({"bootstrap_servers": kafka.bootstrap_servers}, 60) as admin:
        await admin.delete_records({TopicPartition("user_commands", 0): RecordsToDelete(-1)})

    sentence = await why()

    assert f"{KNOWN}, missed 1 that expired unread" in sentence
    assert "it has the dead letter user_commands.dlq/0/0 (no reason recorded)" in sentence
