"""The running process: `python -m order_saga`, moved by messages that are written by hand."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
import tenacity
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from saga_stack.processes.ports import reserve_free_port

pytestmark = [pytest.mark.stack, pytest.mark.slow]

PATIENCE_SECONDS = 60
until = tenacity.AsyncRetrying(
    stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
    wait=tenacity.wait_fixed(0.05),
    retry=tenacity.retry_if_result(lambda result: result is None)
    | tenacity.retry_if_exception_type(httpx.TransportError),
)


class Kafka:
    """Writes and reads records under the test's own prefix."""

    def __init__(self, bootstrap, prefix, producer):
        self.bootstrap, self.prefix, self.producer = bootstrap, prefix, producer

    async def put(self, topic, value):
        await self.producer.send_and_wait(self.prefix + topic, json.dumps(value).encode())

    async def first(self, topic):
        """The first record of a topic, as soon as there is one."""
        consumer = AIOKafkaConsumer(
            self.prefix + topic,
            bootstrap_servers=self.bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await consumer.getone()
        finally:
            await consumer.stop()


@pytest.fixture
def prefix():
    return f"test-{uuid4().hex}-"


@pytest.fixture
async def kafka(kafka_bootstrap, prefix) -> AsyncIterator[Kafka]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    yield Kafka(kafka_bootstrap, prefix, producer)
    await producer.stop()


@pytest.fixture
def service(kafka_bootstrap, database_url, prefix) -> Iterator[tuple[subprocess.Popen, str]]:
    """The process and its address; SIGTERM must end it."""
    reserved = reserve_free_port()
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "KAFKA_PARTITIONS": "1",
        "DATABASE_URL": database_url,
        "HTTP_PORT": str(reserved.port),
    }
    command = [sys.executable, "-m", "order_saga"]
    subprocess.run([*command, "migrate"], env=environment, check=True, timeout=PATIENCE_SECONDS)
    reserved.release()
    process = subprocess.Popen(command, env=environment)
    try:
        yield process, f"http://127.0.0.1:{reserved.port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def orders(service) -> AsyncIterator[httpx.AsyncClient]:
    process, address = service
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS) as client:
        await until(ready, client, process)
        yield client


async def ready(client, process):
    assert process.poll() is None
    response = await client.get("/readyz")
    return response if response.is_success else None


async def shown_by_metrics(client, line):
    return line in (await client.get("/metrics")).text or None


async def show_when(orders, order_id, condition):
    """The order, once the condition holds."""

    async def look():
        order = (await orders.get(f"/orders/{order_id}")).json()
        return order if condition(order) else None

    return await until(look)


def payment_info_retrieved(saga_id):
    return {
        "type": "user.payment_info_retrieved",
        "correlation_id": saga_id,
        "timestamp": "2025-03-31T10:30:00Z",
        "payload": {
            "customer": {
                "clerkUserId": "user_1",
                "stripeCustomerId": "cus_1",
                "userStripeCard": {
                    "payment_method_id": "pm_card_visa",
                    "card_type": "visa",
                    "last_four": "4242",
                },
            },
            "order": {"amount": 1299, "description": "Food delivery order"},
        },
        "source": "user-service",
    }


def payment_authorized(saga_id):
    return {
        "type": "payment.authorized",
        "correlation_id": saga_id,
        "timestamp": "2025-03-31T10:30:01Z",
        "payload": {"payment_intent_id": "pi_1", "amount": 1299},
        "source": "payment-service",
    }


async def test_messages_as_in_the_specification_move_the_order_and_each_counts_once(orders, kafka):
    order = {"clerk_user_id": "user_1", "amount": 1299, "description": "Food delivery order"}
    order_id = (await orders.post("/orders", json=order)).json()["id"]
    asked = json.loads((await kafka.first("user_commands")).value)
    assert (asked["type"], asked["correlation_id"]) == ("retrieve_payment_info", order_id)

    for _ in range(2):
        await kafka.put("user_events", payment_info_retrieved(order_id))
    command = await kafka.first("payment_commands")
    assert command.key.decode() == order_id
    command_sent = json.loads(command.value)
    assert (command_sent["type"], command_sent["source"]) == ("authorize_payment", "order-saga")
    assert command_sent["payload"]["customer"] == payment_info_retrieved("")["payload"]["customer"]
    assert command_sent["payload"]["order"]["amount"] == 1299

    for _ in range(2):
        await kafka.put("payment_events", payment_authorized(order_id))
    for number in range(150):
        await kafka.put("payment_events", payment_authorized(f"unknown {number}"))
    # Messages keep their order: once these are counted, the doubled ones before them were handled.
    ignored = 'saga_messages_total{outcome="ignored",topic="payment_events"} 150.0'
    await until(shown_by_metrics, orders, ignored)
    metrics = (await orders.get("/metrics")).text
    for topic in ("user_events", "payment_events"):
        assert f'saga_messages_total{{outcome="duplicate",topic="{topic}"}} 1.0' in metrics

    announced = json.loads((await kafka.first("order_events")).value)
    assert (announced["type"], announced["correlation_id"]) == ("order.authorized", order_id)
    shown = await show_when(orders, order_id, lambda order: order["history"][-1]["sent_at"])
    assert (shown["state"], shown["payment_intent_id"]) == ("authorized", "pi_1")
    assert [(entry["direction"], entry["type"]) for entry in shown["history"]] == [
        ("in", "place_order"),
        ("out", "retrieve_payment_info"),
        ("in", "user.payment_info_retrieved"),
        ("out", "authorize_payment"),
        ("in", "payment.authorized"),
        ("out", "order.authorized"),
    ]
