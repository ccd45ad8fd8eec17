"""Stripe events from any sender, in any order, any number of times."""

import asyncio
import time

import pytest
from payment_service.storage.orm import stripe_events
from sqlalchemy import text

SECRET = "whsec_test"
TOLERANCE = 300


@pytest.fixture
def events(stripe_api):
    """Return the emulator's events of these types, the oldest first; all types by default."""

    def events(*types):
        listed = stripe_api.get("events", params={"limit": 100}).raise_for_status().json()["data"]
        return [event for event in reversed(listed) if not types or event["type"] in types]

    return events


@pytest.fixture
def in_the_dashboard(world, stripe_post):
    """Change a payment's PaymentIntent in the Stripe Dashboard."""

    def act(payment, verb, **parameters):
        return stripe_post(f"payment_intents/{world.intent_of(payment)['id']}/{verb}", **parameters)

    return act


async def test_a_cancellation_in_the_dashboard_is_published_once_for_any_number_of_webhooks(
    world, hooked, events, in_the_dashboard
):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        in_the_dashboard(payment, "cancel")
        every = events()
        await hook.effects(*every)
        await world.idle()
        assert set(await hook.effects(*reversed(every))) == {"duplicate"}
        await world.idle()

    event = (await world.events())[-1]
    assert await world.types() == ["payment.authorized", "payment.canceled"]
    assert (event.payload.attempt, event.payload.released) == (None, 1299)
    assert len(await world.rows(table=stripe_events)) == len(every)


@pytest.mark.parametrize("turned", [False, True])
async def test_events_in_any_order_lead_to_stripes_state(
    world, hooked, events, stripe_post, turned
):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        intent_id = world.intent_of(payment)["id"]
        stripe_post(f"payment_intents/{intent_id}/capture", amount_to_capture=1000)
        for amount in (300, 200):
            stripe_post("refunds", payment_intent=intent_id, amount=amount)
        every = events()
        await hook.effects(*(reversed(every) if turned else every))
        await world.idle()

    published = await world.events()
    assert [event.type for event in published] == [
        "payment.authorized",
        "payment.captured",
        "payment.refunded",
        "payment.refunded",
    ]
    assert sorted(event.payload.amount for event in published[2:]) == [200, 300]
    assert {event.payload.refund_id for event in published[2:]} == {None}
    assert (await world.row()).status == "captured"


async def test_events_of_our_own_operations_change_nothing(world, commands, hooked, events):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        await world.send(executor, commands.capture(payment, amount=1299))
        await world.send(executor, commands.refund(payment, refund_id="r1", amount=300))
        await world.idle()
        effects = await hook.effects(*events())
        await world.idle()

    assert set(effects) == {"ignored", "no change"}
    assert await world.types() == ["payment.authorized", "payment.captured", "payment.refunded"]


async def test_an_event_during_the_authorization_refreshes_after_it(  # noqa: PLR0913, PLR0917 - fixtures
    world, commands, hooked, events, stripe_post, stripe_event
):
    payment = world.request()
    world.arm("latency", seconds=0.4)
    async with hooked() as (executor, hook):
        await world.send(executor, commands.authorize(payment))
        forged = {
            **stripe_event("payment_intent.canceled", "payment_intent", "pi_1"),
            "data": {"object": {"id": "pi_1", "object": "payment_intent",
                                "metadata": {"saga_id": payment.saga_id}}},
        }  # fmt: skip
        assert await hook.effects(forged) == ["refresh scheduled"]
        assert (await world.row()).waiting == [{"kind": "refresh"}]
        await world.idle()

    assert await world.types() == ["payment.authorized"]


async def test_an_event_that_cannot_be_published_does_not_fail_its_batch(
    world, hooked, stripe_event, dispute_event
):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        good = [stripe_event("customer.created", "customer", f"cus_{n}") for n in range(20)]
        bad = dispute_event(payment, amount=0)
        responses = await asyncio.gather(*map(hook.post, [*good[:10], bad, *good[10:]]))

    statuses = [response.status_code for response in responses]
    assert (statuses.count(200), statuses[10]) == (20, 400)
    assert "amount" in responses[10].json()["detail"]


async def test_an_event_that_the_database_refuses_does_not_fail_its_batch(
    world, hooked, stripe_event
):
    async with hooked() as (_, hook):
        good = [stripe_event("customer.created", "customer", f"cus_{n}") for n in range(20)]
        bad = {**good[0], "id": "evt_bad"}
        refuse = "ALTER TABLE stripe_events ADD CHECK (event_id <> 'evt_bad')"
        await world.change(text(refuse))
        responses = await asyncio.gather(*map(hook.post, [*good[:10], bad, *good[10:]]))

    statuses = [response.status_code for response in responses]
    assert (statuses.count(200), statuses[10]) == (20, 500)


@pytest.mark.parametrize("field", ["metadata", "status", "amount", "amount_refunded", "reason"])
async def test_a_field_that_is_null_is_no_error(world, hooked, field, stripe_event):
    async with hooked() as (executor, hook):
        (payment,) = await world.hold(executor)
        intent_id = world.intent_of(payment)["id"]
        event = stripe_event("charge.refunded", "charge", "ch_1", payment_intent=intent_id)
        event["data"]["object"][field] = None
        assert (await hook.post(event)).status_code == 200
        await world.idle()


@pytest.mark.parametrize("header", ["t=1,v1=é", "é".encode() + b"\xff", "t=²,v1=00"])
async def test_a_signature_that_is_not_ascii_is_refused(hooked, header, stripe_event):
    raw = header if isinstance(header, bytes) else header.encode()
    async with hooked() as (_, hook):
        response = await hook.post(stripe_event("customer.created", "x", "y"), header=raw)

    assert (response.status_code, "ASCII" in response.json()["detail"]) == (400, True)


async def test_two_secrets_are_valid_during_a_rotation(hooked, stripe_event):
    async with hooked("whsec_new", SECRET) as (_, hook):
        answers = [
            await hook.post(stripe_event("customer.created", "x", secret), secret=secret)
            for secret in ("whsec_new", SECRET, "whsec_other")
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 400]


async def test_an_event_of_an_unknown_payment_is_stored_and_changes_nothing(
    world, hooked, stripe_post, events
):
    async with hooked() as (_, hook):
        intent = stripe_post("payment_intents", amount=500, currency="usd")
        stripe_post(f"payment_intents/{intent['id']}/cancel")
        effects = await hook.effects(*events("payment_intent.canceled"))

    assert effects == ["unknown payment"]
    (stored,) = await world.rows(table=stripe_events)
    assert (stored.payment_intent_id, stored.saga_id) == (intent["id"], None)


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "whsec_other"},
        {"at": time.time() - TOLERANCE - 60},
        {"at": time.time() + TOLERANCE + 3_600},
        {"header": ""},
        {"header": "t=now,v1=00"},
    ],
    ids=["another secret", "old", "future", "missing", "malformed"],
)
async def test_an_invalid_signature_or_timestamp_is_refused(world, hooked, changes, stripe_event):
    async with hooked() as (_, hook):
        response = await hook.post(stripe_event("payment_intent.canceled", "x", "pi_1"), **changes)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert await world.rows(table=stripe_events) == []


@pytest.mark.parametrize("seconds", [-TOLERANCE + 30, TOLERANCE - 30])
async def test_a_clock_may_be_wrong_by_less_than_the_tolerance(hooked, seconds, stripe_event):
    async with hooked() as (_, hook):
        response = await hook.post(
            stripe_event("customer.created", "customer", "cus_1"), at=time.time() + seconds
        )

    assert response.json() == {"effect": "ignored"}


@pytest.mark.parametrize(
    "body", ["{}", "[]", "no JSON", '{"id": "evt_1", "type": "payment_intent.canceled"}']
)
async def test_an_invalid_event_is_refused(hooked, body):
    async with hooked() as (_, hook):
        assert (await hook.post(body)).status_code == 400


@pytest.mark.parametrize(
    "created",
    [
        "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", "2026-11-28T10:00:00",
        -1, 2**53, True, None,
    ],
)  # fmt: skip
async def test_a_time_that_cannot_be_stored_is_refused(hooked, stripe_event, created):
    event = stripe_event("payment_intent.canceled", "payment_intent", "pi_1")
    event["created"] = created

    async with hooked() as (_, hook):
        response = await hook.post(event)

    assert (response.status_code, "created" in response.json()["detail"]) == (400, True)


async def test_an_invalid_object_is_refused(hooked, stripe_event):
    event = stripe_event("payment_intent.canceled", "payment_intent", "pi_1")
    event["data"]["object"]["id"] = 7

    async with hooked() as (_, hook):
        response = await hook.post(event)

    assert (response.status_code, "id" in response.json()["detail"]) == (400, True)


async def test_webhooks_without_a_secret_are_unavailable(hooked, stripe_event):
    async with hooked(None) as (_, hook):
        response = await hook.post(stripe_event("customer.created", "customer", "cus_1"))

    assert response.status_code == 503
    assert "STRIPE_WEBHOOK_SECRET" in response.json()["detail"]


async def test_an_oversized_body_is_refused(hooked, world):
    async with hooked() as (_, hook):
        response = await hook.post("x" * (world.settings.max_body_bytes + 1))

    assert response.status_code == 413
