"""GET /orders/{id}/why: one sentence, from the facts of a real database and a real Kafka."""

import os
import re
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings


@pytest.fixture
async def kafka():
    """Topics with a prefix for one test."""
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
    encoded = [(key.replace("_", "-"), value.encode()) for key, value in headers.items()]
    await producer.send_and_wait(name, b"{}", key=order_id.encode(), headers=encoded)
    await producer.stop()


async def why(replica, order_id):
    response = await replica.http.get(f"/orders/{order_id}/why")
    assert response.status_code == 200, response.text
    return response.json()["why"]


async def test_a_stopped_service_is_named_with_its_unread_messages(replica_with, kafka):
    orders = replica_with(**kafka)
    order_id = (await orders.place()).json()["id"]
    await orders.sent()
    await send(kafka, "user_commands", order_id)

    sentence = await why(orders, order_id)

    assert "waits for user-service to reply to retrieve_payment_info (try 1 of 1" in sentence
    assert "it times out at" in sentence
    assert "its command was sent at" in sentence
    assert "user-service has 1 unread message on user_commands[" in sentence
    assert "and is not running: start it" in sentence
    assert "no dead letters were found" in sentence


async def test_aborted_messages_and_markers_are_no_lag_and_an_open_transaction_is_named(
    replica_with, kafka
):
    orders = replica_with(**kafka)
    order_id = (await orders.place()).json()["id"]
    await orders.sent()
    topic = kafka["kafka_topic_prefix"] + "user_commands"
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka["kafka_bootstrap_servers"], transactional_id=order_id
    )
    async with producer:
        for end in (producer.abort_transaction, producer.commit_transaction):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"{}", key=order_id.encode())
            await end()
        assert "user-service has 1 unread message on" in await why(orders, order_id)
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"{}", key=order_id.encode())
        sentence = await why(orders, order_id)
        await producer.abort_transaction()

    assert "user-service has 1 unread message on user_commands[" in sentence
    assert "has 1 more offset, which wait for another producer's open transaction" in sentence


async def test_only_dead_letters_of_the_order_are_named(replica_with, kafka):
    orders = replica_with(**kafka)
    order_id = (await orders.place()).json()["id"]
    await send(kafka, "user_commands.dlq", order_id, dead_letter_reason="amount: too large")
    await send(kafka, "user_commands.dlq", "another", dead_letter_reason="another reason")

    sentence = await why(orders, order_id)

    assert "it has the dead letter user_commands.dlq/" in sentence
    assert "amount: too large" in sentence
    assert "another reason" not in sentence
    assert "its command has not reached Kafka yet, so its time-out has not started" in sentence


async def test_without_kafka_the_sentence_says_what_is_unknown(replica_with, new_messages):
    orders = replica_with(kafka_bootstrap_servers="127.0.0.1:1", kafka_look_seconds=1)
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.receive(*messages.replies_until("authorized"))

    sentence = await why(orders, order_id)

    assert "is authorized (since" in sentence
    assert "it accepts a request to capture or cancel" in sentence
    assert re.search(
        r"its dead letters are unknown: Kafka (is unavailable|did not respond)", sentence
    )


async def test_an_order_that_needs_attention_names_the_commands_that_help(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.receive(*messages.replies_until("authorized"))
    await orders.request(order_id, "cancel")
    await orders.receive(messages.of("payment.cancel_failed", attempt=1))

    sentence = await why(orders, order_id)

    assert "needs attention (since" in sentence
    assert "because canceling cannot continue" in sentence
    assert f"`saga retry {order_id}`" in sentence
    assert "--as rejected|canceled|expired --note" in sentence


async def test_an_ended_order_names_its_end(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    await orders.receive(new_messages(order_id).info_failed())

    assert "ended as rejected at" in await why(orders, order_id)


async def test_an_unknown_order_is_not_found(orders):
    assert (await orders.http.get("/orders/nowhere/why")).status_code == 404
