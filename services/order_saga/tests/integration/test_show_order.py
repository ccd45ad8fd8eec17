"""GET /orders/{id}: the state of an order, the reason, and every message of its saga."""

from datetime import datetime
from uuid import uuid4

import pytest
from order_saga.create_order.state import State


def times(order):
    return [datetime.fromisoformat(entry["at"]) for entry in order["history"]]


@pytest.fixture
async def order_id(orders):
    return (await orders.place()).json()["id"]


@pytest.fixture
def messages(new_messages, order_id):
    return new_messages(order_id)


async def test_a_new_order_is_shown_whole(orders, order_id):
    order = await orders.show(order_id)

    history, created_at = order.pop("history"), order.pop("created_at")
    deadline_at, updated_at = order.pop("deadline_at"), order.pop("updated_at")
    assert order == {
        "id": order_id,
        "definition_version": orders.definitions.newest.version,
        "state": "retrieving_payment_info",
        "reason": None,
        "payment_intent_id": None,
        "capture_before": None,
        "clerk_user_id": "user_1",
        "amount": 1299,
        "currency": "usd",
        "description": "Food delivery order",
        "line_items": [],
        "attempt": 1,
        "parked": None,
        "captured": 0,
        "refunded": 0,
        "disputed": False,
        "overdue": False,
    }
    assert [(entry["direction"], entry["type"], entry["note"]) for entry in history] == [
        ("in", "place_order", "-> retrieving_payment_info"),
        ("out", "retrieve_payment_info", "to user_commands"),
    ]
    waits = datetime.fromisoformat(deadline_at) - datetime.fromisoformat(created_at)
    assert waits.total_seconds() == 60
    assert updated_at == created_at


async def test_an_authorized_order_shows_its_hold_and_each_message_with_its_time(
    orders, order_id, messages
):
    replies = messages.replies_until("authorized")
    for reply in replies:
        await orders.receive(reply)

    order = await orders.show(order_id)

    assert (order["state"], order["payment_intent_id"]) == ("authorized", "pi_1")
    assert order["capture_before"] == "2026-02-08T12:00:00Z"
    assert (order["reason"], order["deadline_at"], order["overdue"]) == (None, None, False)
    received = [entry for entry in order["history"] if entry["direction"] == "in"]
    assert [entry["type"] for entry in received] == [
        "place_order",
        *(reply.type for reply in replies),
    ]
    assert [entry["direction"] for entry in order["history"]] == ["in", "out"] * len(received)
    assert times(order) == sorted(times(order))
    assert times(order)[-3] <= datetime.fromisoformat(order["updated_at"]) <= times(order)[-1]


async def test_replies_that_came_in_one_batch_are_shown_in_their_order(orders, order_id, messages):
    batch = [
        messages.payment_authorized(),
        messages.info_retrieved(),
        messages.deadline("rejected"),
    ]
    await orders.receive(*batch)

    history = (await orders.show(order_id))["history"]

    came = [entry["message_id"] for entry in history if entry["direction"] == "in"]
    assert came[1:] == [str(message.message_id) for message in batch]


async def test_a_rejected_order_shows_the_reason_and_the_cure(orders, order_id, messages):
    await orders.receive(*messages.replies_until("authorizing"))
    await orders.receive(messages.payment_failed())

    order = await orders.show(order_id)

    assert (order["state"], order["payment_intent_id"]) == ("rejected", "pi_1")
    assert order["reason"] == {
        "code": "card_declined",
        "message": "Your card was declined.",
        "cure": "",
        "stripe_code": None,
        "decline_code": "generic_decline",
        "advice_code": "try_again_later",
    }


async def test_an_order_whose_outcome_is_unknown_is_being_undone(orders, order_id, messages):
    await orders.receive(*messages.replies_until("authorizing"))
    await orders.receive(messages.deadline(State.AUTHORIZING))

    order = await orders.show(order_id)

    assert (order["state"], order["reason"]["code"]) == ("canceling", "authorizing_timeout")
    assert order["deadline_at"] is not None


async def test_an_order_of_the_first_version_whose_outcome_is_unknown_is_shown_overdue(
    orders, order_id, messages
):
    await orders.execute("UPDATE sagas SET definition_version = 1")
    await orders.receive(messages.info_retrieved())
    await orders.receive(messages.deadline(State.AUTHORIZING))

    order = await orders.show(order_id)

    assert (order["state"], order["overdue"]) == ("authorizing", True)
    assert order["deadline_at"] is not None


async def test_an_ignored_message_is_shown_with_the_reason(orders, order_id, messages):
    await orders.receive(messages.payment_authorized())

    last = (await orders.show(order_id))["history"][-1]

    assert last["type"] == "payment.authorized"
    assert last["note"] == (
        "ignored: payment.authorized is not accepted while retrieving_payment_info"
    )


async def test_a_received_message_names_its_cause(orders, order_id, messages):
    cause = uuid4()
    canceled = messages.of("payment.canceled").model_copy(update={"causation_id": cause})
    await orders.receive(*messages.replies_until("authorizing"), canceled)

    history = (await orders.show(order_id))["history"]

    causes = {entry["type"]: entry["causation_id"] for entry in history}
    assert causes["payment.canceled"] == str(cause)
    assert causes["user.payment_info_retrieved"] is None
    assert causes["order.canceled"] is None


async def test_a_sent_message_shows_when_kafka_acknowledged_it(orders, order_id):
    await orders.execute("UPDATE outbox SET sent_at = '2026-02-01T12:00:00Z'")

    received, sent = (await orders.show(order_id))["history"]

    assert (received["sent_at"], sent["sent_at"]) == (None, "2026-02-01T12:00:00Z")


async def test_a_history_that_is_too_long_is_cut_at_its_beginning(replica_with, new_messages):
    orders = replica_with(history_limit=2)
    order_id = (await orders.place()).json()["id"]
    await orders.receive(new_messages(order_id).info_failed())

    history = (await orders.show(order_id))["history"]

    assert [entry["type"] for entry in history] == ["user.payment_info_failed", "order.rejected"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("unknown", 404),
        ("00000000-0000-0000-0000-000000000000", 404),
        ("it's", 404),
        ("%25", 404),
        ("é", 404),
        ("x" * 255, 404),
        ("x" * 256, 422),
        ("a%00b", 422),
    ],
)
async def test_an_unknown_or_invalid_id_is_a_problem(orders, path, status):
    response = await orders.http.get(f"/orders/{path}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["title"]
