"""The service process, `python -m payment_service`, on Kafka, PostgreSQL and the emulator."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def prefix():
    return f"{uuid4().hex}-"


@pytest.fixture
def environment(settings, kafka_bootstrap, prefix, unused_tcp_port):
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "KAFKA_PARTITIONS": "2",
        "STRIPE_SECRET_KEY": "sk_test_payment",
        "STRIPE_API_BASE": settings.stripe_api_base,
        "HTTP_PORT": str(unused_tcp_port),
        "EXECUTOR_LEASE_SECONDS": "6",
    }


@pytest.fixture
def webhook_endpoint(environment, stripe_post, emulator, unused_tcp_port):
    """Register the service's webhook endpoint; cancellations are delivered twice and late."""
    url = f"http://127.0.0.1:{unused_tcp_port}/webhooks/stripe"
    endpoint = {"url": url, "enabled_events[]": "*"}
    environment["STRIPE_WEBHOOK_SECRET"] = stripe_post("webhook_endpoints", **endpoint)["secret"]
    for kind in ("webhook_twice", "webhook_out_of_order"):
        fault = {"kind": kind, "endpoint": "WEBHOOK payment_intent.canceled"}
        emulator.post("faults", json=fault).raise_for_status()


@pytest.fixture
def service(environment):
    """Migrate; then run the service within a block, with its process and its address."""
    command = [sys.executable, "-m", "payment_service"]
    subprocess.run([*command, "migrate"], env=environment, check=True)

    @contextmanager
    def running():
        process = subprocess.Popen(command, env=environment)
        try:
            yield process, f"http://127.0.0.1:{environment['HTTP_PORT']}"
        finally:
            process.kill()
            process.wait()

    return running


@pytest.fixture
async def kafka(kafka_bootstrap, prefix):
    """Return functions that send commands and read events, as the orchestrator does."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka_bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await producer.start()
    await consumer.start()
    consumer.subscribe([f"{prefix}payment_events"])

    async def send(command):
        key = command["correlation_id"].encode()
        value = json.dumps(command).encode()
        await producer.send_and_wait(f"{prefix}payment_commands", value, key=key)

    async def events(count):
        return [json.loads((await consumer.getone()).value) for _ in range(count)]

    yield send, events
    await producer.stop()
    await consumer.stop()


def command(customer, saga_id, card="pm_card_visa"):
    """Make a command with only the specified fields."""
    saved = {"payment_method_id": card, "card_type": "visa", "last_four": "4242"}
    return {
        "type": "authorize_payment",
        "correlation_id": saga_id,
        "timestamp": "2025-03-31T10:30:00Z",
        "payload": {
            "customer": {
                "clerkUserId": "user_1",
                "stripeCustomerId": customer,
                "userStripeCard": saved if card else {},
            },
            "order": {"amount": 1299, "description": "Food delivery order"},
        },
        "source": "order-saga",
    }


async def get(address):
    async with httpx.AsyncClient() as client:
        try:
            response = await client.get(address)
        except httpx.TransportError:
            return None
        return response if response.status_code == 200 else None


async def test_commands_become_holds_and_failures_and_sigterm_exits_cleanly(
    service, kafka, customer, eventually
):
    send, events = kafka
    cards = {"good": "pm_card_visa", "bad": "pm_card_chargeDeclined", "none": None}

    with service() as (process, address):
        await eventually(lambda: get(f"{address}/readyz"), 110)
        for saga_id, card in cards.items():
            await send(command(customer, saga_id, card))
        published = {event["correlation_id"]: event for event in await events(3)}
        shown = (await get(f"{address}/payments/good")).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    assert {saga_id: event["type"] for saga_id, event in published.items()} == {
        "good": "payment.authorized",
        "bad": "payment.failed",
        "none": "payment.failed",
    }
    assert shown["payment_intent_id"] == published["good"]["payload"]["payment_intent_id"]
    assert published["bad"]["payload"]["code"] == "card_declined"
    assert published["none"]["payload"]["code"] == "payment_method_not_found"


async def test_a_restarted_service_completes_the_work_of_a_killed_one(
    service, kafka, customer, eventually, emulator
):
    send, events = kafka
    sagas = [f"saga-{number}" for number in range(30)]
    slow = {"kind": "latency", "endpoint": "POST /v1/payment_intents", "count": 30, "seconds": 0.5}
    emulator.post("faults", json=slow).raise_for_status()

    with service() as (process, address):
        await eventually(lambda: get(f"{address}/readyz"), 110)
        for saga_id in sagas:
            await send(command(customer, saga_id))
        published = {event["correlation_id"]: event["type"] for event in await events(1)}
        process.kill()
    with service():
        while len(published) < len(sagas):  # events may be duplicated
            published |= {event["correlation_id"]: event["type"] for event in await events(1)}

    assert published == dict.fromkeys(sagas, "payment.authorized")
    intents = emulator.get("ledger").json()["payment_intents"]
    assert sorted(intent["metadata"]["saga_id"] for intent in intents) == sorted(sagas)


def make_command(saga_id, type_, **payload):
    return {
        "type": type_,
        "correlation_id": saga_id,
        "timestamp": "2025-03-31T10:30:00Z",
        "message_id": str(uuid4()),
        "payload": payload,
        "source": "order-saga",
    }


async def idle_report(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """Return a report without operations in progress; a webhook may have begun a refresh."""
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        report = (await client.post(url, json={})).raise_for_status().json()
        if not report["waiting"] or asyncio.get_running_loop().time() > deadline:
            return report
        await asyncio.sleep(0.1)


@pytest.mark.usefixtures("webhook_endpoint")
async def test_a_hold_is_captured_and_refunded_and_stripe_events_are_handled(
    service, kafka, customer, emulator
):
    send, events = kafka

    with service() as (_, address):
        for saga_id in ("taken", "left"):
            await send(command(customer, saga_id))
        held = {event["correlation_id"]: event["payload"] for event in await events(2)}
        await send(make_command("taken", "capture_payment", amount=1000))
        (captured,) = await events(1)
        await send(make_command("taken", "refund_payment", refund_id="r1", amount=250))
        (refunded,) = await events(1)
        emulator.post("clock", json={"advance_seconds": 8 * 86_400}).raise_for_status()
        (expired,) = await events(1)
        await send(make_command("left", "capture_payment", amount=1299))
        (response,) = await events(1)
        async with httpx.AsyncClient() as client:
            report = await idle_report(client, f"{address}/reconcile")
        shown = (await get(f"{address}/payments/taken")).json()

    assert (captured["type"], captured["payload"]["amount"]) == ("payment.captured", 1000)
    assert (refunded["type"], refunded["payload"]["refund_id"]) == ("payment.refunded", "r1")
    assert [(event["type"], event["payload"]["attempt"]) for event in (expired, response)] == [
        ("payment.authorization_expired", None),
        ("payment.authorization_expired", 1),
    ]
    assert expired["payload"]["payment_intent_id"] == held["left"]["payment_intent_id"]
    assert (report["in_agreement"], report["repaired"], report["not_repaired"]) == (2, [], [])
    money = [shown[name] for name in ("amount", "captured", "released", "refunded")]
    assert money == [1299, 1000, 299, 250]
    assert [refund["refund_id"] for refund in shown["refunds"]] == ["r1"]
