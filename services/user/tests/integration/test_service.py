"""The running process: `python -m user_service`, over Kafka, PostgreSQL, HTTP and Stripe's API."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import asynccontextmanager

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from saga_messaging.kafka.admin import connected_admin
from saga_stack.processes.ports import reserve_free_port

pytestmark = [pytest.mark.stack, pytest.mark.slow]

START_SECONDS = 200
REPLY_SECONDS = 60
RESTART_SECONDS = 6


@pytest.fixture
def prefix():
    return f"test-{uuid.uuid4().hex}-"


@pytest.fixture
def service(kafka_bootstrap, database_url, emulator, prefix):
    """A client of a running service, which must exit after SIGTERM."""
    reserved = reserve_free_port()
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "KAFKA_PARTITIONS": "2",
        "DATABASE_URL": database_url,
        "HTTP_PORT": str(reserved.port),
        "STRIPE_SECRET_KEY": "sk_test_user",
        "STRIPE_API_BASE": emulator,
        "KAFKA_REQUEST_TIMEOUT_SECONDS": "2",
        "CONSUMER_STALL_SECONDS": "2",
        "CONSUMER_RESTART_SECONDS": str(RESTART_SECONDS),
    }
    command = [sys.executable, "-m", "user_service"]
    subprocess.run([*command, "migrate"], env=environment, check=True, timeout=START_SECONDS)
    reserved.release()
    process = subprocess.Popen(command, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{reserved.port}") as client:
            wait_until_ready(client, process)
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=START_SECONDS) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()


def wait_until_ready(client, process):
    deadline = time.monotonic() + START_SECONDS
    last = None
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            last = client.get("/readyz")
        except httpx.TransportError as error:
            last = error
        else:
            if last.is_success:
                return
        time.sleep(0.05)
    pytest.fail(f"not ready: {last}")


def specified_request(saga_id, clerk_user_id):
    """Return a request with the specification's fields only."""
    message = {
        "type": "retrieve_payment_info",
        "correlation_id": saga_id,
        "timestamp": "2025-03-31T10:30:00Z",
        "payload": {
            "clerkUserId": clerk_user_id,
            "order": {"amount": 1299, "description": "Food delivery order"},
        },
        "source": "create-order-saga",
    }
    return json.dumps(message).encode()


async def request_replies(bootstrap, prefix, messages):
    """Publish the messages, and return as many replies."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(
        prefix + "user_events", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    try:
        for value in messages:
            await producer.send_and_wait(prefix + "user_commands", value, key=b"any")
        async with asyncio.timeout(REPLY_SECONDS):
            return [await consumer.getone() for _ in messages]
    finally:
        await producer.stop()
        await consumer.stop()


async def test_a_repeated_request_over_kafka_gets_a_reply_with_the_same_message_id(
    service, kafka_bootstrap, prefix
):
    user = service.post("/users", json={"clerk_user_id": "user_1"}).json()
    card = service.put("/users/user_1/card", json={"payment_method_id": "pm_card_visa"}).json()
    request = specified_request("saga-1", "user_1")

    records = await request_replies(
        kafka_bootstrap, prefix, [request, request, specified_request("saga-2", "user_2")]
    )

    replies = [(record.key.decode(), json.loads(record.value)) for record in records]
    first, second = (message for key, message in replies if key == "saga-1")
    (unknown,) = (message for key, message in replies if key == "saga-2")
    assert first["type"] == "user.payment_info_retrieved"
    assert first["correlation_id"] == "saga-1"
    assert first["source"] == "user-service"
    assert first["payload"]["customer"] == {
        "clerkUserId": "user_1",
        "stripeCustomerId": user["stripe_customer_id"],
        "userStripeCard": card,
    }
    assert first["payload"]["order"]["amount"] == 1299
    assert first["payload"]["order"]["description"] == "Food delivery order"
    assert second["message_id"] == first["message_id"]
    assert unknown["type"] == "user.payment_info_failed"
    assert unknown["payload"]["code"] == "user_not_found"


@asynccontextmanager
async def without_topic(bootstrap, topic):
    """Delete a topic, and create it again at the end."""
    async with connected_admin({"bootstrap_servers": bootstrap}, 60) as admin:
        await admin.delete_topics([topic])
        yield
        await admin.create_topics([NewTopic(topic, 2, 1)])


async def await_stalled(service):
    """Wait until the service names the batch that is in progress."""
    async with asyncio.timeout(REPLY_SECONDS):
        while "in progress" not in service.get("/readyz").json()["consumer"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_process_whose_replies_wait_for_kafka_is_not_ended(
    service, kafka_bootstrap, prefix
):
    async with without_topic(kafka_bootstrap, prefix + "user_events"):
        async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
            value = specified_request("saga-0", "user_1")
            await producer.send_and_wait(prefix + "user_commands", value, key=b"any")
        await await_stalled(service)
        await asyncio.sleep(2 * RESTART_SECONDS)
        assert service.get("/healthz").is_success
    replies = await request_replies(
        kafka_bootstrap, prefix, [specified_request("saga-1", "user_1")]
    )
    assert [reply.key for reply in replies] == [b"saga-0"]
