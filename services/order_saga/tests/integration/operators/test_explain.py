"""GET /orders/{id}/why: one sentence, from what the database and a real Kafka know."""

import os
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings


@pytest.fixture
async def kafka():
    """Topics of this test's own."""
    servers, prefix = os.environ["TEST_KAFKA_BOOTSTRAP_SERVERS"], f"why-{uuid4().hex}-"
    settings = KafkaSettings(
        kafka_bootstrap_servers=servers, kafka_topic_prefix=prefix, kafka_partitions=2
    )
    await create_topics(settings)
    return {"kafka_bootstrap_servers": servers, "kafka_topic_prefix": prefix}


async def send(kafka, topic, order_id, **headers):
    producer = AIOKafkaProducer(bootstrap_servers=kafka["kafka_bootstrap_servers"])
    await producer.start()
    name = kafka["kafka_topic_prefix"] + topic
    given = [(key.replace("_", "-"), value.encode()) for key, value in headers.items()]
    await producer.send_and_wait(name, b"{}", key=order_id.encode(), headers=given)
    await producer.stop()


async def why(replica, order_id):
    answer = await replica.http.get(f"/orders/{order_id}/why")
    assert answer.status_code == 200, answer.text
    return answer.json()["why"]


async def test_a_service_that_does_not_run_is_named_with_what_it_has_not_read(replica_with, kafka):
    orders = replica_with(**kafka)
    order_id = (await orders.place()).json()["id"]
    await orders.sent()
    await send(kafka, "user_commands", order_id)

    said = await why(orders, order_id)

    assert "waits for user-service to answer retrieve_payment_info (try 1 of 1" in said
    assert "it waits until" in said
    assert "its command is in Kafka since" in said
    assert "user-service is 1 message behind on user_commands[" in said
    assert "does not run: nobody is in its group, so start it" in said
    assert "no dead letter of it was found" in said


async def test_a_dead_letter_of_the_order_is_named_and_not_that_of_another(replica_with, kafka):
    orders = replica_with(**kafka)
    order_id = (await orders.place()).json()["id"]
    await send(kafka, "user_commands.dlq", order_id, dead_letter_reason="amount: too odd")
    await send(kafka, "user_commands.dlq", "another", dead_letter_reason="not mine")

    said = await why(orders, order_id)

    assert "there is a dead letter of it" in said
    assert "amount: too odd" in said
    assert "not mine" not in said
    assert "its command has not reached Kafka yet, and no time runs before it has" in said


async def test_where_kafka_is_away_the_sentence_says_so(replica_with, new_messages):
    orders = replica_with(kafka_bootstrap_servers="127.0.0.1:1", kafka_look_seconds=1)
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.hear(*messages.replies_until("authorized"))

    said = await why(orders, order_id)

    assert "is authorized since" in said
    assert "it may be asked to capture or cancel" in said
    assert "whether there are dead letters of it is not known, for Kafka could not be asked" in said


async def test_an_order_that_needs_attention_is_told_with_its_cures(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.hear(*messages.replies_until("authorized"))
    await orders.ask(order_id, "cancel")
    await orders.hear(messages.of("payment.cancel_failed", attempt=1))

    said = await why(orders, order_id)

    assert "needs attention since" in said
    assert "since canceling could not go on" in said
    assert f"`saga retry {order_id}`" in said
    assert "--as rejected|canceled|expired --note" in said


async def test_an_order_that_is_over_says_how_it_ended(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    await orders.hear(new_messages(order_id).info_failed())

    assert "ended rejected" in await why(orders, order_id)


async def test_an_order_that_is_not_there_is_404(orders):
    assert (await orders.http.get("/orders/nowhere/why")).status_code == 404
