"""A deadline fires once, in database time, on whichever replica sees it."""

import asyncio

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

FIRED = "SELECT correlation_id FROM inbox WHERE type = 'deadline_passed'"
SOON = 0.000001
OWN_CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.ahead (by interval NOT NULL);
    INSERT INTO clock.ahead VALUES ('0');
    CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT pg_catalog.now() + by FROM clock.ahead';
    DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET search_path = clock, public, pg_catalog', current_database());
    END $$;
"""


@pytest.fixture
def due_orders(replica_with):
    """A replica, and the ids of orders whose payment info did not come in time."""

    async def due_orders(count, **settings):
        replica = replica_with(payment_info_timeout_seconds=SOON, **settings)
        placed = await asyncio.gather(*(replica.place() for _ in range(count)))
        await replica.sent()
        return replica, {response.json()["id"] for response in placed}

    return due_orders


async def test_payment_info_that_does_not_come_in_time_rejects_the_order(due_orders):
    orders, (order_id,) = await due_orders(1)

    assert await orders.timers.fire_due() == 1

    order = await orders.show(order_id)
    assert (order["state"], order["reason"]["code"]) == ("rejected", "payment_info_timeout")
    assert (order["deadline_at"], order["overdue"]) == (None, False)
    assert [(entry["direction"], entry["type"]) for entry in order["history"]][2:] == [
        ("in", "deadline_passed"),
        ("out", "order.rejected"),
    ]


async def test_an_authorization_that_does_not_come_in_time_is_undone_and_a_late_one_loses(
    replica_with, new_messages
):
    orders = replica_with(authorization_timeout_seconds=SOON)
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.receive(*messages.replies_until("authorizing"))
    await orders.sent()

    assert [await orders.timers.fire_due() for _ in range(2)] == [1, 0]

    assert (await orders.show(order_id))["state"] == "canceling"
    await orders.receive(messages.payment_authorized())
    assert (await orders.show(order_id))["state"] == "canceling"
    await orders.receive(messages.of("payment.canceled", attempt=1, released=1299))
    order = await orders.show(order_id)
    assert (order["state"], order["reason"]["code"]) == ("rejected", "authorizing_timeout")


async def test_a_cancel_that_nobody_answers_is_tried_again_later_and_later_then_parked(
    replica_with, new_messages
):
    orders = replica_with(settlement_timeout_seconds=SOON, settlement_tries=3)
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.receive(*messages.replies_until("authorized"))
    assert (await orders.request(order_id, "cancel")).status_code == 202

    for _ in range(3):
        await orders.sent()
        assert await orders.timers.fire_due() == 1

    order = await orders.show(order_id)
    assert (order["state"], order["parked"]) == ("needs_attention", "canceling")
    sent = [entry["type"] for entry in order["history"] if entry["direction"] == "out"]
    assert sent[-4:] == [*["cancel_payment"] * 3, "order.needs_attention"]


async def test_deadlines_of_orders_that_are_newer_than_this_code_are_left_to_newer_code(
    due_orders, own_url
):
    orders, order_ids = await due_orders(2)
    newer = min(order_ids)
    statement = text("UPDATE sagas SET definition_version = 9 WHERE id = :id")
    await orders.database.transaction(lambda each: each.execute(statement, {"id": newer}))

    assert [await orders.timers.fire_due() for _ in range(2)] == [1, 0]

    assert (await orders.show(newer))["state"] == "retrieving_payment_info"
    refused = [await orders.request(newer, "cancel"), await orders.http.get(f"/orders/{newer}/why")]
    assert [(each.status_code, each.json()["title"]) for each in refused] == [
        (503, "This replica does not have the version of the order's saga.")
    ] * 2


async def test_a_deadline_that_has_not_passed_does_not_fire(orders):
    await orders.place()

    assert await orders.timers.fire_due() == 0


async def test_no_deadline_fires_while_its_command_waits_for_kafka(replica_with):
    orders = replica_with(payment_info_timeout_seconds=SOON)
    await orders.place()
    assert await orders.timers.fire_due() == 0

    await orders.sent()
    assert await orders.timers.fire_due() == 1


async def test_an_event_that_waits_for_kafka_suspends_no_deadline(replica_with, new_messages):
    orders = replica_with(settlement_timeout_seconds=SOON)
    order_id = (await orders.place()).json()["id"]
    await orders.receive(*new_messages(order_id).replies_until("authorized"))
    await orders.request(order_id, "cancel")
    await orders.sent()
    await orders.execute("UPDATE outbox SET sent_at = NULL WHERE topic = 'order_events'")
    ((waiting,),) = await orders.rows("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
    assert waiting

    assert await orders.timers.fire_due() == 1


async def test_the_time_of_a_step_counts_from_when_its_command_was_sent(replica_with):
    orders = replica_with(payment_info_timeout_seconds=60)
    await orders.place()
    await orders.execute(
        "UPDATE sagas SET updated_at = updated_at - interval '61 s',"
        " deadline_at = deadline_at - interval '61 s'"
    )
    await orders.execute("UPDATE outbox SET sent_at = now() - interval '59 s'")
    assert await orders.timers.fire_due() == 0

    await orders.execute("UPDATE outbox SET sent_at = now() - interval '61 s'")
    assert await orders.timers.fire_due() == 1


async def test_a_deadline_fires_once_also_after_a_restart(due_orders, replica_with):
    _, ids = await due_orders(2)

    restarted = replica_with()

    assert [await restarted.timers.fire_due() for _ in range(2)] == [2, 0]
    assert {row.correlation_id for row in await restarted.rows(FIRED)} == ids


async def test_two_replicas_fire_each_deadline_once(due_orders, replica_with):
    one, ids = await due_orders(40, timer_batch_size=7)
    other = replica_with(timer_batch_size=7)

    async def fire_all(replica):
        fired = 0
        while batch := await replica.timers.fire_due():
            fired += batch
        return fired

    assert sum(await asyncio.gather(fire_all(one), fire_all(other))) == 40
    fired = [row.correlation_id for row in await one.rows(FIRED)]
    assert len(fired) == 40
    assert set(fired) == ids


@pytest.fixture
def own_orders(replicas, own_url):
    """A replica on a database of its own, and the ids of orders that are due."""

    async def own_orders(count, **settings):
        orders = replicas(database_url=own_url, payment_info_timeout_seconds=SOON, **settings)
        placed = [(await orders.place()).json()["id"] for _ in range(count)]
        await orders.sent()
        return orders, placed

    return own_orders


async def test_a_deadline_that_cannot_be_stored_delays_no_other_and_fires_again(own_orders):
    orders, ids = await own_orders(5, timer_retry_seconds=SOON)
    refuse = f"ALTER TABLE outbox ADD CONSTRAINT no CHECK (correlation_id <> '{ids[1]}') NOT VALID"
    await orders.execute(refuse)

    with capture_logs() as logs:
        assert await orders.timers.fire_due() == 4

    (failed,) = [entry for entry in logs if entry["event"] == "deadline_failed"]
    assert (failed["correlation_id"], failed["state"]) == (ids[1], "retrieving_payment_info")
    assert "violates check constraint" in str(failed["exc_info"])
    fired = [row.correlation_id for row in await orders.rows(FIRED)]
    assert sorted(fired) == sorted({*ids} - {ids[1]})
    assert "deadline_failed" in (await orders.http.get(f"/orders/{ids[1]}/why")).json()["why"]
    stuck = (await orders.http.get("/orders", params={"stuck": True})).json()["orders"]
    assert [order["id"] for order in stuck] == [ids[1]]

    await orders.execute("ALTER TABLE outbox DROP CONSTRAINT no")
    assert await orders.timers.fire_due() == 1


async def test_a_deadline_that_failed_pauses(own_orders):
    orders, _ = await own_orders(1, timer_retry_seconds=3600)
    await orders.execute("ALTER TABLE outbox ADD CONSTRAINT no CHECK (type <> 'order.rejected')")
    assert await orders.timers.fire_due() == 0
    await orders.execute("ALTER TABLE outbox DROP CONSTRAINT no")

    assert await orders.timers.fire_due() == 0


async def test_when_all_deadlines_fail_the_error_is_raised(own_orders):
    orders, _ = await own_orders(3, timer_batch_size=2)
    await orders.execute("ALTER TABLE outbox ADD CONSTRAINT no CHECK (type <> 'order.rejected')")
    assert await orders.timers.fire_due() == 0

    with pytest.raises(Exception, match="violates check constraint"):
        await orders.timers.fire_due()


async def test_the_databases_clock_decides_and_not_ours(replicas, own_url):
    await replicas(database_url=own_url).execute(OWN_CLOCK)
    orders = replicas(database_url=own_url, payment_info_timeout_seconds=3600)
    await orders.place()
    await orders.sent()
    assert await orders.timers.fire_due() == 0

    await orders.execute("UPDATE clock.ahead SET by = '59 minutes'")
    assert await orders.timers.fire_due() == 0

    await orders.execute("UPDATE clock.ahead SET by = '1 hour'")
    assert await orders.timers.fire_due() == 1


async def test_the_loop_fires_what_is_due_batch_after_batch_and_hands_it_to_the_outbox(due_orders):
    orders, ids = await due_orders(
        5, timer_batch_size=2, timer_poll_seconds=3600, timer_grace_seconds=SOON
    )
    offered = asyncio.Queue()
    orders.outbox.offer = lambda records: [offered.put_nowait(each) for each in records]

    running = asyncio.create_task(orders.timers.run())
    async with asyncio.timeout(60):
        sent = [await offered.get() for _ in ids]
    running.cancel()

    assert {(record.correlation_id, record.type) for record in sent} == {
        (order_id, "order.rejected") for order_id in ids
    }
