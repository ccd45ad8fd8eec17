"""An order whose command Kafka refused: visible, and its deadline counts once it is dropped."""

import pytest

pytestmark = pytest.mark.stack

PARK = """
UPDATE outbox SET parked_at = now(), parked_reason = 'it is too large', claimed_until = 'infinity'
WHERE type = 'retrieve_payment_info'
"""
DROP = "UPDATE outbox SET dropped_at = now(), dropped_note = 'by ann: not needed'"


@pytest.fixture
async def order_id(replica_with):
    replica = replica_with(payment_info_timeout_seconds=0.01)
    order_id = (await replica.place()).json()["id"]
    await replica.execute(PARK)
    return order_id


async def test_the_order_is_stuck_and_explained(replica_with, order_id):
    replica = replica_with(kafka_bootstrap_servers="127.0.0.1:1", kafka_look_seconds=0.1)

    (listed,) = (await replica.http.get("/orders", params={"stuck": True})).json()["orders"]
    explained = (await replica.http.get(f"/orders/{order_id}/why")).json()

    assert listed["id"] == order_id
    (refused,) = explained["refused"]
    assert (refused["topic"], refused["reason"]) == ("user_commands", "it is too large")
    assert "Kafka refused its retrieve_payment_info to user_commands" in explained["why"]
    assert f"saga outbox retry order_saga/{refused['message_id']}" in explained["why"]
    history = (await replica.show(order_id))["history"]
    assert history[-1]["note"] == "to user_commands, parked: it is too large"


async def test_its_deadline_waits_for_the_command_until_it_is_dropped(replica_with, order_id):
    replica = replica_with()

    assert await replica.timers.fire_due() == 0
    await replica.execute(DROP)

    assert await replica.timers.fire_due() == 1
    order = await replica.show(order_id)
    assert order["state"] == "rejected"
    notes = [entry["note"] for entry in order["history"]]
    assert "to user_commands, dropped by ann: not needed" in notes
