"""New orders are refused while they could not make their deadlines; the others are kept."""

import asyncio

import pytest
from order_saga.runtime.load import Waiting
from saga_messaging.delivery.outbox_rows import FOREVER
from saga_testing.lost_commits import LosesConnectionAfterCommit

MANY = 12
PARKED = "UPDATE outbox SET parked_at = now(), parked_reason = 'too large', claimed_until = {}"
DEFERRED = """
    INSERT INTO deferred_messages
        (message_id, correlation_id, version, topic, "partition", "offset", value)
    SELECT message_id, correlation_id, 9, 'payment_events', 0, 0, '' FROM outbox
"""
PAST = "UPDATE sagas SET updated_at = updated_at - {0}, deadline_at = deadline_at - {0}"


@pytest.fixture
def busy(replica_with, monkeypatch):
    """A replica that refuses no order below `MANY` waiting ones, and measures at once."""
    monkeypatch.setattr("order_saga.runtime.admission.SHORTEST_WINDOW_SECONDS", 0.0)
    return lambda **settings: replica_with(**{"admission_minimum": MANY, **settings})


async def place_many(replica, count=MANY):
    return [(await replica.place()).json()["id"] for _ in range(count)]


async def test_the_backlog_over_the_rate_refuses_a_new_order_with_an_honest_retry_after(
    busy, new_messages
):
    orders = busy(admission_window_seconds=40.0)
    for order_id in await place_many(orders, 20):
        await orders.receive(*new_messages(order_id).replies_until("authorized"))
    await place_many(orders, 80)
    await orders.admission.sample()
    orders.admission._busy_since -= 100

    await orders.admission.sample()  # 20 answers in 40 s: 160 s, and 36 s are allowed
    refused = await orders.place()

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "60"  # the most; 124 s would be right
    problem = refused.json()
    assert (problem["type"], problem["waiting"]) == ("overloaded", 80)
    assert problem["detail"] == (
        "80 orders are waiting, and 0.5 a second are answered; the order was not stored."
    )
    assert len(await orders.rows("SELECT id FROM sagas")) == 100


async def test_a_repeated_key_is_answered_as_before_under_overload(busy):
    orders = busy()
    before = await orders.place(key="k")
    await place_many(orders)
    await orders.execute("UPDATE sagas SET updated_at = now() - interval '50 s'")
    await orders.admission.sample()

    again, other, new = [
        await orders.place(**each)
        for each in ({"key": "k"}, {"key": "k", "amount": 5}, {"key": "n"})
    ]

    assert (again.status_code, again.json()["id"]) == (202, before.json()["id"])
    assert (other.status_code, new.status_code) == (422, 503)


async def test_orders_that_waited_too_long_refuse_new_ones_until_they_are_answered(
    busy, new_messages
):
    orders = busy()
    waiting = await place_many(orders)
    await orders.execute("UPDATE sagas SET updated_at = now() - interval '50 s'")
    await orders.admission.sample()
    refused = await orders.place()

    for order_id in waiting:
        await orders.receive(new_messages(order_id).info_failed())
    await orders.admission.sample()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert (await orders.place()).status_code == 202


async def test_one_stuck_order_refuses_none(busy):
    orders = busy()
    await place_many(orders, 2 * MANY)
    stuck = "SELECT id FROM sagas LIMIT 1"
    await orders.execute(
        f"UPDATE sagas SET updated_at = now() - interval '59 s' WHERE id = ({stuck})"
    )
    await orders.admission.sample()

    assert (await orders.place()).status_code == 202


async def test_the_time_of_an_outage_is_not_counted_as_waiting(busy):
    orders = busy()
    await place_many(orders)
    await orders.execute("UPDATE sagas SET updated_at = now() - interval '80 s'")
    orders.available_seconds = 2.0
    await orders.admission.sample()

    assert (await orders.place()).status_code == 202


async def test_authorizations_that_were_not_begun_do_not_count_as_answers(busy, new_messages):
    orders = busy()
    for order_id in await place_many(orders, 3):
        messages = new_messages(order_id)
        await orders.receive(*messages.replies_until("authorizing"))
        await orders.receive(messages.of("payment.failed", code="payment_canceled"))
    await place_many(orders, 2 * MANY)
    await orders.admission.sample()
    await asyncio.sleep(0.01)
    await orders.admission.sample()

    assert orders.admission._rate is None


@pytest.mark.parametrize("key", [None, "k"])
async def test_an_order_whose_commit_was_not_acknowledged_is_accepted_though_overload_began(
    replica_with, key
):
    orders = replica_with(LosesConnectionAfterCommit)
    orders.database.to_lose = 1
    orders.database.when_lost = lambda: setattr(orders.admission, "_waiting", Waiting(999, 59.0))

    placed = await orders.place(key=key)

    assert placed.status_code == 202
    assert await orders.rows("SELECT id FROM sagas") == [(placed.json()["id"],)]
    assert (await orders.place()).status_code == 503


@pytest.mark.parametrize(
    "stuck",
    [
        PARKED.format(FOREVER) + ";" + PAST.format("interval '50 s'"),
        DEFERRED + ";" + PAST.format("interval '50 s'"),
        PAST.format("interval '121 s'"),
    ],
    ids=["parked", "deferred", "twice the time-out"],
)
async def test_orders_that_are_stuck_refuse_none(busy, stuck):
    orders = busy()
    await place_many(orders, 2 * MANY)
    await orders.execute(stuck)
    await orders.admission.sample()

    assert (await orders.place()).status_code == 202


async def test_orders_from_before_an_outage_are_counted_after_it(busy):
    orders = busy()
    await place_many(orders)
    await orders.execute(PAST.format("interval '600 s'"))
    orders.available_seconds = 2.0
    await orders.admission.sample()

    assert orders.admission._waiting.orders == MANY


async def test_orders_that_waited_long_refuse_none_while_others_are_answered(busy, new_messages):
    orders = busy()
    await place_many(orders, 2 * MANY)
    await orders.execute("UPDATE sagas SET updated_at = now() - interval '50 s'")
    for order_id in await place_many(orders, 10):
        await orders.receive(*new_messages(order_id).replies_until("authorized"))
    await orders.admission.sample()
    orders.admission._busy_since -= 100

    await orders.admission.sample()  # 24 wait, and 10 were answered in 10 s

    assert (await orders.place()).status_code == 202


async def test_a_low_rate_is_forgotten_once_few_orders_wait(busy):
    orders = busy(admission_window_seconds=0.01)
    orders.admission._rate = 0.1  # from an incident
    await place_many(orders, 2)
    for _ in range(2):
        await orders.admission.sample()
        await asyncio.sleep(0.02)
    orders.admission.accepted(120)

    assert orders.admission.refusal() is None


async def test_a_rate_is_kept_while_many_orders_wait_and_none_is_answered(busy):
    orders = busy(admission_window_seconds=0.01)
    orders.admission._rate = 0.1
    await place_many(orders)
    for _ in range(2):
        await orders.admission.sample()
        await asyncio.sleep(0.02)

    assert (await orders.place()).status_code == 503
