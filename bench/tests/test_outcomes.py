import json
import uuid

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from saga_messaging.kafka.admin import connected_admin

from bench.load.outcomes import AUTHORIZED, REJECTED, Outcomes

pytestmark = pytest.mark.stack


@pytest.fixture
async def topic(kafka_bootstrap):
    name = f"events-{uuid.uuid4().hex}"
    async with connected_admin({"bootstrap_servers": kafka_bootstrap}, 60) as admin:
        await admin.create_topics([NewTopic(name, 1, 1)])
        yield name
        await admin.delete_topics([name])


@pytest.fixture
async def publish(kafka_bootstrap, topic):
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:

        async def send(order, type_, message_id):
            message = {"message_id": message_id, "type": type_, "correlation_id": order}
            await producer.send_and_wait(topic, json.dumps(message).encode())

        yield send


async def test_a_redelivered_message_counts_once_and_a_second_event_twice(
    kafka_bootstrap, topic, publish
):
    async with Outcomes(kafka_bootstrap, topic) as outcomes:
        await publish("redelivered", AUTHORIZED, "1")
        await publish("redelivered", AUTHORIZED, "1")
        await publish("doubled", AUTHORIZED, "2")
        await publish("doubled", AUTHORIZED, "3")
        await publish("last", REJECTED, "4")
        await outcomes.wait_for_ends(["redelivered", "doubled", "last"])
        types = outcomes.types(["redelivered", "doubled", "last", "lost"])
    assert types == {
        "redelivered": [AUTHORIZED],
        "doubled": [AUTHORIZED, AUTHORIZED],
        "last": [REJECTED],
        "lost": [],
    }


async def test_the_end_of_an_order_is_its_first_and_not_what_follows(
    kafka_bootstrap, topic, publish
):
    async with Outcomes(kafka_bootstrap, topic) as outcomes:
        await publish("order", AUTHORIZED, "1")
        await outcomes.wait_for_event("order", AUTHORIZED)
        ended_at = outcomes.ended_at("order")
        await publish("order", "order.completed", "2")
        await outcomes.wait_for_event("order", "order.completed")
        assert outcomes.ended_at("order") == ended_at
        assert outcomes.authorized("order")
        assert not outcomes.authorized("other")


async def test_a_consumer_that_failed_ends_the_wait_with_its_error(kafka_bootstrap, topic, publish):
    async with Outcomes(kafka_bootstrap, topic) as outcomes:
        await publish("order", AUTHORIZED, {"not": "an id"})
        with pytest.raises(TypeError, match="unhashable"):
            await outcomes.wait_for_ends(["order"])
