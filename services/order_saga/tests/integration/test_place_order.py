"""POST /orders: the order and its first command are stored together, once, or not at all."""

import asyncio

import pytest
from saga_testing.lost_commits import LosesConnectionAfterCommit

ORDERS = "SELECT id, state FROM sagas"
COMMANDS = "SELECT correlation_id, type, topic, key FROM outbox"


async def test_an_accepted_order_has_a_location_and_a_retry_after(orders):
    response = await orders.place()

    assert response.status_code == 202
    order = response.json()
    assert set(order) == {"id", "state", "deadline_at"}
    assert order["state"] == "retrieving_payment_info"
    assert response.headers["location"] == f"/orders/{order['id']}"
    assert response.headers["retry-after"] == "1"
    assert (await orders.http.get(response.headers["location"])).json()["id"] == order["id"]


async def test_an_accepted_order_has_its_saga_and_its_first_command(orders):
    order_id = (await orders.place()).json()["id"]

    assert await orders.rows(ORDERS) == [(order_id, "retrieving_payment_info")]
    ((correlation_id, type_, topic, key),) = await orders.rows(COMMANDS)
    assert (correlation_id, bytes(key)) == (order_id, order_id.encode())
    assert (type_, topic) == ("retrieve_payment_info", "user_commands")


@pytest.mark.parametrize("table", ["outbox", "inbox"])
async def test_when_the_first_command_cannot_be_stored_there_is_no_order(replicas, own_url, table):
    orders = replicas(database_url=own_url)
    await orders.execute(f"ALTER TABLE {table} ADD CHECK (type = 'nothing')")

    response = await orders.place(key="key")

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "outbox" not in response.text
    assert (await orders.rows(ORDERS), await orders.rows(COMMANDS)) == ([], [])


async def test_the_same_key_and_order_is_the_same_order(orders):
    first = await orders.place(key="key")
    again = await orders.place(key="key", currency="USD")

    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert len(await orders.rows(COMMANDS)) == 1


async def test_the_same_key_shows_how_far_the_order_has_come(orders, new_messages):
    first = (await orders.place(key="key")).json()
    await orders.receive(new_messages(first["id"]).info_failed())

    again = (await orders.place(key="key")).json()

    assert again == {"id": first["id"], "state": "rejected", "deadline_at": None}


@pytest.mark.parametrize(
    "other", [{"amount": 1300}, {"currency": "eur"}, {"clerk_user_id": "user_2"}]
)
async def test_the_same_key_with_another_order_is_422(orders, other):
    await orders.place(key="key")

    response = await orders.place(key="key", **other)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert "Idempotency-Key" in response.json()["detail"]
    assert len(await orders.rows(ORDERS)) == 1


async def test_without_a_key_every_post_is_an_order(orders):
    await asyncio.gather(orders.place(), orders.place(), orders.place())

    assert len(await orders.rows(ORDERS)) == 3


async def test_doubles_at_the_same_moment_on_two_replicas_are_one_order(replica_with):
    one, other = replica_with(), replica_with()

    responses = await asyncio.gather(
        *(replica.place(key=f"key {n % 5}") for n in range(20) for replica in (one, other))
    )

    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["id"] for response in responses}) == 5
    assert len(await one.rows(ORDERS)) == len(await one.rows(COMMANDS)) == 5


@pytest.mark.parametrize("key", [None, "key"])
async def test_an_order_whose_commit_was_not_acknowledged_is_placed_once(replica_with, key):
    orders = replica_with(LosesConnectionAfterCommit)
    orders.database.to_lose = 1

    response = await orders.place(key=key)

    assert response.status_code == 202
    assert await orders.rows(ORDERS) == [(response.json()["id"], "retrieving_payment_info")]
    assert len(await orders.rows(COMMANDS)) == 1


async def test_an_order_that_cannot_be_stored_fails_no_other_of_its_batch(replicas, own_url):
    orders = replicas(database_url=own_url, admission_minimum=1_000)
    await orders.execute("ALTER TABLE sagas ADD CONSTRAINT no CHECK (description <> 'bad')")
    names = [*"abcdefgh", "bad", *"ijklmnop"]

    placed = await asyncio.gather(*(orders.place(key=name, description=name) for name in names))

    answers = dict(zip(names, [each.status_code for each in placed], strict=True))
    assert answers == {name: 500 if name == "bad" else 202 for name in names}
    ((stored,),) = await orders.rows("SELECT count(*) FROM sagas")
    assert stored == len(names) - 1
