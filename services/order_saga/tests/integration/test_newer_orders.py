"""An order whose saga this replica does not know: nothing fails, and the answers say why.

Its version is newer (a rolling upgrade), or was removed, or has a state that this code does not
have.
"""

import pytest
from order_saga.runtime.orm import deferred, messaging
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.intake import Intake
from saga_messaging.kafka.records import Record
from saga_schemas.codec import encode
from saga_schemas.topics import key_of, topic_of

UNKNOWN = {
    "newer version": "definition_version = 9, state = 'reserving'",
    "removed version": "definition_version = 0",
    "unknown state": "state = 'reserving'",
    "unknown compensation": """undo = '["releasing"]'""",
}
SOON = 0.000001


@pytest.fixture(params=UNKNOWN)
def changes(request):
    """What a replica with other code has written."""
    return UNKNOWN[request.param]


@pytest.fixture
def orders(replica_with):
    """A replica whose deadlines pass at once."""
    return replica_with(payment_info_timeout_seconds=SOON)


@pytest.fixture
async def order_id(orders, changes):
    """An order that this replica does not know how to move; its command is sent."""
    order_id = (await orders.place(key="key")).json()["id"]
    await orders.execute(f"UPDATE sagas SET {changes}, deadline_at = now() + interval '1 hour'")
    await orders.sent()
    return order_id


@pytest.fixture
def receive(orders):
    """Take in records as the consumers do."""

    async def receive(*messages):
        intake = intake_of(orders, messages[0])
        records = [
            Record(intake.topic.name, 0, number, key_of(message), encode(message))
            for number, message in enumerate(messages)
        ]
        await intake.receive(records)

    return receive


def intake_of(replica, message):
    return Intake(
        topic=topic_of(message),
        handler=replica.handle,
        inbox_table=messaging.inbox,
        database=replica.database,
        outbox=replica.outbox,
        dead_letters=DeadLetters("order-saga", replica.settings),
        deferred_table=deferred,
    )


def assert_left_to_another_replica(response):
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"] == "1"
    problem = response.json()
    assert problem["title"] == "This replica does not have the version of the order's saga."
    assert problem["detail"].endswith("Send the same request again: another replica may answer it.")


async def test_it_is_listed_and_shown(orders, order_id):
    page = await orders.http.get("/orders")
    order = await orders.http.get(f"/orders/{order_id}")

    assert [each["id"] for each in page.json()["orders"]] == [order_id]
    assert order.status_code == 200
    stored = await orders.rows("SELECT state, definition_version FROM sagas")
    assert stored == [(order.json()["state"], order.json()["definition_version"])]


@pytest.mark.parametrize("verb", ["capture", "cancel", "refund", "retry"])
async def test_a_request_is_left_to_another_replica(orders, order_id, verb):
    response = await orders.request(order_id, verb, key="request")

    assert_left_to_another_replica(response)
    assert await orders.rows("SELECT type FROM inbox") == [("place_order",)]


async def test_its_explanation_is_left_to_another_replica(orders, order_id):
    assert_left_to_another_replica(await orders.http.get(f"/orders/{order_id}/why"))


async def test_its_idempotency_key_places_no_second_order(orders, order_id):
    assert_left_to_another_replica(await orders.place(key="key"))
    reused = await orders.place(key="key", amount=1)

    assert reused.status_code == 422
    assert await orders.rows("SELECT id FROM sagas") == [(order_id,)]


async def test_its_key_is_answered_the_same_while_new_orders_are_paused(orders, order_id):
    paused = await orders.http.post("/controls/pause", json={"by": "ann", "note": "upgrade"})
    assert paused.is_success

    assert_left_to_another_replica(await orders.place(key="key"))
    assert await orders.rows("SELECT id FROM sagas") == [(order_id,)]


async def test_its_replies_wait_and_the_orders_beside_it_go_on(
    orders, order_id, receive, new_messages
):
    current = (await orders.place()).json()["id"]

    await receive(new_messages(order_id).info_failed(), new_messages(current).info_failed())

    assert (await orders.show(current))["state"] == "rejected"
    assert await orders.rows("SELECT correlation_id FROM deferred_messages") == [(order_id,)]
    assert await orders.rows("SELECT count(*) FROM outbox WHERE type = 'dead-letter'") == [(0,)]


async def test_it_is_stuck_while_a_reply_waits(orders, order_id, receive, new_messages):
    async def stuck():
        page = await orders.http.get("/orders", params={"stuck": True})
        return [order["id"] for order in page.json()["orders"]]

    before = await stuck()
    await receive(new_messages(order_id).info_failed())

    assert (before, await stuck()) == ([], [order_id])


async def test_its_deadline_is_left_to_another_replica_and_is_seen(orders, order_id):
    await orders.execute("UPDATE sagas SET deadline_at = now() - interval '1 s'")

    fired = await orders.timers.fire_due()

    page = await orders.http.get("/orders", params={"stuck": True})
    assert [order["id"] for order in page.json()["orders"]] == [order_id]
    assert await orders.rows("SELECT type FROM inbox") == [("place_order",)]
    assert fired <= 1


async def test_its_deadlines_take_no_place_from_others(replica_with):
    orders = replica_with(payment_info_timeout_seconds=SOON, timer_batch_size=1)
    for _ in range(2):
        await orders.place()
        await orders.execute("UPDATE sagas SET state = 'reserving'")
    current = (await orders.place()).json()["id"]
    await orders.sent()

    assert await orders.timers.fire_due() == 1

    assert (await orders.show(current))["state"] == "rejected"


async def test_what_waits_is_handled_by_a_replica_that_knows_it(
    orders, order_id, receive, new_messages
):
    message = new_messages(order_id).info_failed()
    await receive(message)
    newest = orders.definitions.newest
    await orders.execute(
        f"UPDATE sagas SET definition_version = {newest.version}, state = '{newest.start}',"
        " undo = '[]'"
    )
    ((version,),) = await orders.rows("SELECT version FROM deferred_messages")

    assert await intake_of(orders, message).receive_deferred([version], 10) == 1

    assert (await orders.show(order_id))["state"] == "rejected"
    assert await orders.rows("SELECT id FROM deferred_messages") == []


async def test_a_deadline_does_not_fire_while_a_reply_waits(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    await orders.sent()
    await orders.execute("UPDATE sagas SET definition_version = 9")
    message = new_messages(order_id).info_retrieved()
    record = Record(topic_of(message).name, 0, 0, key_of(message), encode(message))
    await intake_of(orders, message).receive([record])
    newest = orders.definitions.newest.version
    await orders.execute(f"UPDATE sagas SET definition_version = {newest}")

    assert await orders.timers.fire_due() == 0

    await intake_of(orders, message).receive_deferred([9], 10)
    assert (await orders.show(order_id))["state"] == "authorizing"
