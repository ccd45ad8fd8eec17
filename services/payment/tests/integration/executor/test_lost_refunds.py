"""Refunds that Stripe has made and that fail since: heard of, kept, and told to the saga."""

import json
import time

import httpx
import pytest
import stripe
import structlog
from fastapi import FastAPI
from payment_service.main import build_gateway, build_reconciler
from payment_service.orm import refunds
from payment_service.refresher import Refresher
from payment_service.stripe_http import webhooks_router
from payment_service.webhooks import Webhooks
from pydantic import SecretStr
from saga_messaging.problems import install_problems
from saga_stripe import stripe_http
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
    install_problems(api, world.settings.max_body_bytes)
    webhooks = Webhooks(world.database, outbox, refresher, 5)
    api.include_router(webhooks_router(webhooks, SecretStr(SECRET), 300))
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://payment") as client:

        async def deliver(*types):
            listed = stripe_api.get("events", params={"limit": 100}).json()["data"]
            chosen = [each for each in reversed(listed) if not types or each["type"] in types]
            return [await post(each) for each in chosen]

        async def post(event):
            body = json.dumps(event)
            sign = stripe.WebhookSignature.generate_signature_header
            headers = {"Stripe-Signature": sign(body, SECRET, int(time.time()))}
            answer = await client.post("/webhooks/stripe", content=body, headers=headers)
            return answer.raise_for_status().json()["effect"]

        yield deliver


@pytest.fixture
async def refunded(world, commands, executor):
    """A payment of which 1299 were captured and 300 given back, which will fail."""
    payment = world.payment(payment_method_id="pm_card_refundFail")
    for command in (
        commands.authorize(payment),
        commands.capture(payment, amount=1299),
        commands.refund(payment, refund_id="r1", amount=300),
    ):
        await world.send(executor, command)
        await world.at_rest()
    return payment


@pytest.fixture
def fail(world):
    """Let the time pass after which such refunds fail."""
    advance = {"advance_seconds": FAILS_AFTER_SECONDS}
    return lambda: world.emulator.post("clock", json=advance).raise_for_status()


async def kept(world):
    rows = await world.rows(table=refunds)
    return [(row.refund_id, row.status, row.failure and row.failure["stripe_code"]) for row in rows]


@pytest.mark.parametrize("type_", ["refund.failed", "refund.updated", "charge.refund.updated"])
async def test_each_of_stripes_events_says_so(world, refunded, fail, deliver, type_):
    fail()

    assert await deliver(type_) == ["the payment is looked at"]
    await world.at_rest()

    told = (await world.told())[-1]
    assert (told.type, told.correlation_id) == ("payment.refund_failed", refunded.saga_id)
    assert (told.payload.attempt, told.payload.refund_id) == (None, "r1")
    assert told.payload.stripe_refund_id == (await world.rows(table=refunds))[0].stripe_refund_id
    assert await kept(world) == [("r1", "failed", "expired_or_canceled_card")]


async def test_it_is_logged_for_whoever_has_to_see_to_it(refunded, fail, deliver, world):
    fail()
    with structlog.testing.capture_logs() as logged:
        await deliver("refund.failed")
        await world.at_rest()

    (line,) = [each for each in logged if each["event"] == "refund_lost"]
    assert (line["log_level"], line["correlation_id"]) == ("warning", refunded.saga_id)


async def test_all_of_them_and_each_twice_say_it_once(world, refunded, fail, deliver):
    fail()

    for _ in range(2):
        await deliver()
        await world.at_rest()

    assert (await world.types()).count("payment.refund_failed") == 1


async def test_one_that_was_made_in_the_dashboard_is_told_by_stripes_id(
    world, refunded, fail, deliver, stripe_post
):
    by_hand = stripe_post("refunds", payment_intent=world.line(refunded)["id"], amount=200)["id"]
    await deliver()
    await world.at_rest()
    fail()
    await deliver()
    await world.at_rest()

    told = [each.payload for each in await world.told() if each.type == "payment.refund_failed"]
    assert by_hand in {each.stripe_refund_id for each in told if each.refund_id == by_hand}
    assert {status for _, status, _ in await kept(world)} == {"failed"}


@pytest.fixture
async def lost(world, refunded, fail, deliver):
    """The same payment, once that refund has failed and is known to have."""
    fail()
    await deliver()
    await world.at_rest()
    return refunded


async def test_the_command_that_asked_for_it_is_answered_with_its_failure_and_another_is_made(
    world, commands, executor, lost
):
    for attempt, refund_id in ((2, "r1"), (3, "r2")):
        again = commands.refund(lost, refund_id=refund_id, amount=300, attempt=attempt)
        await world.send(executor, again)
        await world.at_rest()

    answers = [(each.type, each.payload.attempt) for each in (await world.told())[-2:]]
    assert answers == [("payment.refund_failed", 2), ("payment.refunded", 3)]


async def test_a_reconciliation_finds_it_where_the_event_was_lost(world, refunded, fail, refresher):
    fail()
    http = stripe_http(world.settings)
    gateway = build_gateway(world.settings, http)

    report = await build_reconciler(world.settings, world.database, gateway, refresher).reconcile()
    await world.at_rest()
    await http.close_async()

    assert [line.saga_id for line in report.repaired] == [refunded.saga_id]
    told = (await world.told())[-1]
    assert (told.type, told.causation_id) == ("payment.refund_failed", report.id)
