import time
from types import SimpleNamespace

import pytest
from payment_service.storage.orm import payments
from sqlalchemy import func

COUNT = 40
PENDING = payments.c.status == "pending"


@pytest.mark.parametrize(
    "kind",
    [
        "status_500_before",
        "status_500_after",
        "timeout_after",
        "hang",
        "reset",
        "reset_after",
        "429",
    ],
)
async def test_every_payment_is_held_once_despite_faults(world, kind):
    requests = [world.request() for _ in range(COUNT)]
    world.arm(kind, count=COUNT // 2, skip=3)
    world.store(*requests)

    async with world.executors():
        await world.none_pending()

    intents = [world.intents_of(request) for request in requests]
    statuses = [[intent["status"] for intent in of_one] for of_one in intents]
    assert statuses == [["requires_capture"]] * COUNT
    held = {row.payment_intent_id for row in await world.rows()}
    assert held == {of_one[0]["id"] for of_one in intents}
    assert all(len(bodies) == 1 for bodies in world.bodies())


async def test_a_stripe_that_never_accepts_a_request_is_unavailable_after_verification(world):
    payment = world.request()
    world.arm("status_500_before", count=1_000)
    world.store(payment)

    async with world.executors(stripe_retry_seconds=0.6):
        await world.none_pending()

    (row,) = await world.rows()
    assert row.failure["code"] == "stripe_unavailable"
    assert "Stripe has no PaymentIntent" in row.failure["message"]
    assert row.settle_after is not None
    assert world.intents_of(payment) == []


async def test_a_stored_500_without_effect_is_unavailable_after_two_requests(world):
    world.arm("status_500_before", kept=True)
    world.store(world.request())

    async with world.executors():
        await world.none_pending()

    (row,) = await world.rows()
    assert row.failure["code"] == "stripe_unavailable"
    assert len(world.requests()) == 2


async def test_a_stored_500_for_a_deleted_customer_fails_after_verification(
    world, stripe_api, customer
):
    stripe_api.delete(f"customers/{customer}").raise_for_status()
    world.arm("status_500_before", kept=True)
    world.store(world.request())

    async with world.executors():
        await world.none_pending()

    (row,) = await world.rows()
    assert row.failure["code"] == "stripe_unavailable"
    assert row.settle_after is not None


async def test_a_hold_of_a_deleted_customer_is_adopted(world, stripe_api, customer):
    payment = world.request()
    world.arm("status_500_after", kept=True)
    world.arm("status_500_before", endpoint="GET /v1/payment_intents", count=1_000)
    world.store(payment)

    async def held():
        return world.intents_of(payment)

    async with world.executors():
        (intent,) = await world.eventually(held)
        stripe_api.delete(f"customers/{customer}").raise_for_status()
        world.disarm()
        await world.none_pending()

    (row,) = await world.rows()
    assert (row.status, row.payment_intent_id) == ("authorized", intent["id"])


async def test_a_hold_behind_a_stored_500_is_adopted_if_our_clock_is_ahead(world, monkeypatch):
    payment = world.request()
    ahead = SimpleNamespace(time=lambda: time.time() + 15 * 60)
    monkeypatch.setattr("payment_service.stripe_api.gateway.time", ahead)
    world.arm("status_500_after", kept=True)
    world.store(payment)

    async with world.executors():
        await world.none_pending()

    (row,), (intent,) = await world.rows(), world.intents_of(payment)
    assert (row.status, row.payment_intent_id) == ("authorized", intent["id"])


async def test_a_payment_waits_while_stripe_cannot_be_read(world):
    payment = world.request()
    world.arm("status_500_before", endpoint="*", count=1_000)
    world.store(payment)

    async def tried_several_times():
        (row,) = await world.rows(PENDING)
        return row if row.attempts > 3 else None

    async with world.executors(stripe_retry_seconds=0.6):
        row = await world.eventually(tried_several_times)
        assert "not readable at Stripe" in row.last_error
        assert row.settle_after is None
        world.disarm()
        await world.none_pending()

    assert [intent["status"] for intent in world.intents_of(payment)] == ["requires_capture"]


async def test_a_hold_that_appears_after_the_last_request_is_adopted(world):
    payment = world.request()
    world.arm("latency", seconds=1.5)  # the work is done long after we gave up
    world.store(payment)

    async with world.executors(stripe_retry_seconds=0.6, stripe_settle_seconds=2):
        await world.none_pending()

    (row,), (intent,) = await world.rows(), world.intents_of(payment)
    assert (row.status, row.payment_intent_id) == ("authorized", intent["id"])
    assert row.settle_after is not None


async def test_a_payment_of_yesterday_is_looked_up_and_never_requested(world):
    world.store(world.request())
    yesterday = func.now() - func.make_interval(0, 0, 0, 0, 23)
    await world.change(payments.update().values(operation_since=yesterday))

    async with world.executors():
        await world.none_pending()

    (row,) = await world.rows()
    assert row.failure["code"] == "stripe_unavailable"
    assert world.requests() == []
