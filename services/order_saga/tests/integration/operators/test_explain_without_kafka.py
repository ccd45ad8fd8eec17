"""GET /orders/{id}/why while Kafka cannot tell all: that is said, and nothing fails."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from order_saga.errors import KafkaSilent
from order_saga.operators.kafka_view import looking
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings
from saga_stack.kafka.broker import EmbeddedKafka

pytestmark = pytest.mark.slow

UNKNOWN = "how far its consumers are is not known, for Kafka could not be asked"
KNOWN = "user-service has read all of user_commands[0]"


@pytest.fixture
def kafka():
    """A broker of this test's own, that it may do anything to."""
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
    """Asks about an order that waits for the user service."""
    order_id = (await orders.place()).json()["id"]
    await orders.sent()

    async def why():
        answer = await orders.http.get(f"/orders/{order_id}/why")
        assert answer.status_code == 200, answer.text
        return answer.json()["why"]

    return why


async def test_a_broker_that_is_new_that_is_killed_and_that_comes_back(kafka, settings, why):
    assert "for Kafka has no topic user_commands" in await why()

    await create_topics(settings)
    assert KNOWN in await why()  # nobody had asked for a group before: its coordinator starts now

    said, over = set(), asyncio.Event()

    async def wonder():
        while not over.is_set():
            said.add(await why())

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(wonder())
        for _ in range(2):
            await asyncio.to_thread(kafka.child.kill)
            assert UNKNOWN in await why()
            await asyncio.to_thread(kafka.start)
        over.set()

    assert KNOWN in await why()
    assert all(sentence.endswith(".") for sentence in said)


async def test_a_look_that_ends_while_its_fetch_rests_after_a_broken_connection(kafka, settings):
    await create_topics(settings)

    async def look():
        async with looking(settings, 30) as view:
            await view.spans([TopicPartition("user_commands", 0)])  # fetches from now on
            await asyncio.to_thread(kafka.child.kill)
            await view.members("user-service")

    with pytest.raises(KafkaSilent, match=r"asked: (KafkaConnection|NodeNotReady)"):
        await look()

    assert not asyncio.current_task().cancelling()


async def test_a_broker_that_is_frozen_is_waited_for_no_longer_than_a_look_takes(
    kafka, settings, replica_with
):
    orders = replica_with(kafka_bootstrap_servers=kafka.bootstrap_servers, kafka_look_seconds=0.5)
    order_id = (await orders.place()).json()["id"]
    kafka.child.pause()

    try:
        answer = (await orders.http.get(f"/orders/{order_id}/why")).json()
    finally:
        kafka.child.resume()

    assert answer["kafka"] == "Kafka could not be asked: no answer within 0.5 s"
    assert (answer["consumers"], answer["dead_letters"]) == (None, None)


async def test_why_it_had_to_ask_again_is_told_when_the_time_is_over(settings):
    async def look():
        async with looking(settings, 0.5) as view:
            view.trouble = "the coordinator starts"
            await asyncio.Event().wait()

    with pytest.raises(KafkaSilent, match=r"no answer within 0.5 s \(the coordinator starts\)$"):
        await look()


async def test_what_expired_unread_is_told_and_a_dead_letter_without_a_reason_too(
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
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.delete_records({TopicPartition("user_commands", 0): RecordsToDelete(-1)})
    await admin.close()

    said = await why()

    assert f"{KNOWN}, besides 1 that Kafka has let expire before it read them" in said
    assert "there is a dead letter of it, user_commands.dlq/0/0 (it gives no reason)" in said
