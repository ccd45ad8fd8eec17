"""Results that cannot be stored or read: one payment waits, with the reason."""

import asyncio

import pytest
from payment_service.storage.orm import payments
from sqlalchemy import text

BAD = "saga-that-cannot-be-stored"
REFUSE = f"""
    ALTER TABLE payments ADD CONSTRAINT refused
    CHECK (saga_id <> '{BAD}' OR status = 'pending')
"""
AGAIN = "ALTER TABLE payments DROP CONSTRAINT refused"
INTENTS = "/v1/payment_intents"
AUTHORIZED = payments.c.status == "authorized"
FAR = {"payment_method_details": {"card": {"capture_before": 99_999_999_999_999}}}


@pytest.fixture
def execute(database):
    """Execute SQL on the payments' database."""

    def execute(statement):
        with database.engine.begin() as connection:
            connection.execute(text(statement))

    return execute


async def test_a_result_that_cannot_be_stored_waits_with_the_reason_and_stops_no_other(
    world, execute
):
    requests = [world.request(saga_id=BAD), *(world.request() for _ in range(5))]
    execute(REFUSE)
    world.store(*requests)

    async def postponed():
        (row,) = await world.rows(payments.c.saga_id == BAD)
        return row.attempts > 2 and row.last_error

    async with world.executors() as ((_, task),):
        reason = await world.eventually(postponed, 30)
        assert not task.done()
        await world.eventually(lambda: _count(world, 5), 30)
        execute(AGAIN)
        await world.none_pending()

    assert reason.startswith("the result cannot be stored: IntegrityError")
    assert "refused" in reason
    assert [len(world.intents_of(request)) for request in requests] == [1] * 6
    assert {event.type for event in await world.events()} == {"payment.authorized"}
    assert len(await world.events()) == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "pi_" + "x" * 300},
        {"id": None},
        {"status": 5},
    ],
)
async def test_a_hold_that_cannot_be_read_waits_with_the_reason_and_is_held_once(
    world, altered_stripe, changes
):
    bad, good = world.request(), world.request()

    def alter(intent):
        ours = (intent.get("metadata") or {}).get("saga_id") == bad.saga_id
        return {**intent, **changes} if ours else intent

    altered_stripe.item = alter
    altered_stripe.respond = lambda _, __, status, found: (status, alter(found))
    world.store(bad, good)

    async def waiting():
        (row,) = await world.rows(payments.c.saga_id == bad.saga_id)
        return row.last_error

    async with world.executors(stripe_retry_seconds=0.5, **altered_stripe.settings) as ((_, task),):
        reason = await world.eventually(waiting, 30)
        await world.eventually(lambda: _count(world, 1), 30)
        assert not task.done()
        altered_stripe.item = lambda item: item
        altered_stripe.respond = lambda *found: found[2:]
        await world.none_pending()

    assert "Unreadable response" in reason
    assert [len(world.intents_of(request)) for request in (bad, good)] == [1, 1]
    assert len(await world.rows(AUTHORIZED)) == 2


async def test_a_time_beyond_every_calendar_is_no_time(world, altered_stripe):
    altered_stripe.respond = lambda _, __, status, found: (status, {**found, "latest_charge": FAR})
    world.store(world.request())

    async with world.executors(**altered_stripe.settings):
        await world.none_pending()

    row = await world.row()
    assert (row.status, row.capture_before) == ("authorized", None)


@pytest.mark.parametrize(
    "response",
    [
        (200, {}),
        (200, []),
        (200, {"object": "list", "data": []}),
        (302, {}),
        (400, {"error": None}),
        (400, {"error": "no"}),
    ],
)
async def test_one_response_of_another_shape_is_retried_at_once(world, altered_stripe, response):
    altered = []

    def respond(method, path, status, found):
        if (method, path) != ("POST", INTENTS) or altered:
            return status, found
        altered.append(path)
        return response

    altered_stripe.respond = respond
    payment = world.request()
    world.store(payment, lease_seconds=0.05)

    async with world.executors(stripe_retry_seconds=30, **altered_stripe.settings):
        await world.none_pending()

    row = await world.row()
    assert (row.status, row.last_error) == ("authorized", None)
    assert len(world.requests()) == 2
    assert len(world.intents_of(payment)) == 1


async def _count(world, number):
    await asyncio.sleep(0)
    return len(await world.rows(AUTHORIZED)) == number
