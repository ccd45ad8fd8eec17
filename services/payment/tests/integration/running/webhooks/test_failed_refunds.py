"""Refunds that succeeded at Stripe and fail later: received, stored and published."""

import json
import time

import httpx
import pytest
import stripe
import structlog
from fastapi import FastAPI
from payment_service.problems import PROBLEMS
from payment_service.storage.orm import refunds
from payment_service.storage.refresh import Refresher
from payment_service.webhooks.http import webhooks_router
from payment_service.webhooks.receive import WebhookReceiver
from saga_messaging.http.problems import install_problems
from stripe_emulator.operations.refunds import FAILS_AFTER_SECONDS

SECRET = "whsec_test"


@pytest.fixture
async def executor(world):
    async with world.executors() as ((executor, _),):
        yield executor


@pytest.fixture
def refresher(world, executor):
    return Refresher(executor.offer, world.settings.executor_lease_seconds)


@pytest.fixture
async def deliver(world, outbox, refresher, stripe_api):
    """Has every event of the emulator delivered, signed as Stripe does; returns their effects."""
    api = FastAPI()
    install_problems(api, world.settings.max_body_bytes, PROBLEMS)
    webhooks = WebhookReceiver(world.database, outbox, refresher, 5)
    api.include_router(webhooks_router(webhooks, [SECRET], 300))
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

        async def deliver(*types):
            listed = stripe_api.get("events", params={"limit": 100}).json()["data"]
            chosen = [event for event in reversed(listed) if not types or event["type"] in types]
            return [await post(event) for event in chosen]

        async def post(event):
            body = json.dumps(event)
            sign = stripe.WebhookSignature.generate_signature_header
            headers = {"Stripe-Signature": sign(body, SECRET, int(time.time()))}
            response = await client.post("/webhooks/stripe", content=body, headers=headers)
            return response.raise_for_status().json()["effect"]

        yield deliver


@pytest.fixture
async def refunded(world, commands, executor):
    """A payment of which 1299 were captured and 300 given back, which will fail."""
    payment = world.request(payment_method_id="pm_card_refundFail")
    for command in (
        commands.authorize(payment),
        commands.capture(payment, amount=1299),
        commands.refund(payment, refund_id="r1", amount=300),
    ):
        await world.send(executor, command)
        await world.idle()
    return payment


@pytest.fixture
def fail(world):
    """Let the time pass after which such refunds fail."""
    advance = {"advance_seconds": FAILS_AFTER_SECONDS}
    return lambda: world.emulator.post("clock", json=advance).raise_for_status()


async def stored(world):
    rows = await world.rows(table=refunds)
    return [(row.refund_id, row.status, row.failure and row.failure["stripe_code"]) for row in rows]


@pytest.mark.parametrize("type_", ["refund.failed", "refund.updated", "charge.refund.updated"])
async def test_each_type_of_event_reports_the_failure(world, refunded, fail, deliver, type_):
    fail()

    assert await deliver(type_) == ["refresh scheduled"]
    await world.idle()

    published = (await world.events())[-1]
    assert (published.type, published.correlation_id) == ("payment.refund_failed", refunded.saga_id)
    assert (published.payload.attempt, published.payload.refund_id) == (None, "r1")
    assert (
        published.payload.stripe_refund_id == (await world.rows(table=refunds))[0].stripe_refund_id
    )
    assert await stored(world) == [("r1", "failed", "expired_or_canceled_card")]


async def test_a_late_failure_is_logged_as_a_warning(refunded, fail, deliver, world):
    fail()
    with structlog.testing.capture_logs() as logged:
        await deliver("refund.failed")
        await world.idle()

    (line,) = [entry for entry in logged if entry["event"] == "refund_failed_later"]
    assert (line["log_level"], line["correlation_id"]) == ("warning", refunded.saga_id)


async def test_duplicate_events_publish_the_failure_once(world, refunded, fail, deliver):
    fail()

    for _ in range(2):
        await deliver()
        await world.idle()

    assert (await world.types()).count("payment.refund_failed") == 1


async def test_a_failed_dashboard_refund_is_published_with_stripes_id(
    world, refunded, fail, deliver, stripe_post
):
    by_hand = stripe_post("refunds", payment_intent=world.intent_of(refunded)["id"], amount=200)[
        "id"
    ]
    await deliver()
    await world.idle()
    fail()
    await deliver()
    await world.idle()

    published = [
        event.payload for event in await world.events() if event.type == "payment.refund_failed"
    ]
    assert by_hand in {
        payload.stripe_refund_id for payload in published if payload.refund_id == by_hand
    }
    assert {status for _, status, _ in await stored(world)} == {"failed"}


@pytest.fixture
async def lost(world, refunded, fail, deliver):
    """The same payment, once that refund has failed and is known to have."""
    fail()
    await deliver()
    await world.idle()
    return refunded


async def test_a_repeated_refund_command_gets_the_failure_and_another_refund_succeeds(
    world, commands, executor, lost
):
    for attempt, refund_id in ((2, "r1"), (3, "r2")):
        again = commands.refund(lost, refund_id=refund_id, amount=300, attempt=attempt)
        await world.send(executor, again)
        await world.idle()

    responses = [(event.type, event.payload.attempt) for event in (await world.events())[-2:]]
    assert responses == [("payment.refund_failed", 2), ("payment.refunded", 3)]


async def test_a_reconciliation_finds_the_failure_if_the_event_was_lost(
    world, refunded, fail, executor, reconciler_of
):
    fail()

    report = await reconciler_of(executor).reconcile()
    await world.idle()

    assert [line.saga_id for line in report.repaired] == [refunded.saga_id]
    published = (await world.events())[-1]
    assert (published.type, published.causation_id) == ("payment.refund_failed", report.id)
