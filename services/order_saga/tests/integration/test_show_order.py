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
        "history_omitted": 0,
        "history_omitted_after": None,
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


async def test_a_history_that_is_too_long_has_its_first_and_its_newest_part(
    replica_with, new_messages
):
    orders = replica_with(history_limit=3, history_first=1)
    order_id = (await orders.place()).json()["id"]
    await orders.receive(new_messages(order_id).info_failed())
    await orders.receive(*(new_messages(order_id).payment_authorized() for _ in range(5)))

    order = await orders.show(order_id)

    history = order["history"]
    assert [entry["type"] for entry in history] == [
        "place_order",
        "payment.authorized",
        "payment.authorized",
    ]
    assert (order["history_omitted"], order["history_omitted_after"]) == (
        6,
        history[0]["message_id"],
    )


async def test_a_history_is_paged_from_its_first_entry_to_its_newest(orders, order_id, messages):
    await orders.receive(messages.info_failed())
    whole = (await orders.show(order_id))["history"]

    pages, cursor = [], ""
    while cursor is not None:
        path = f"/orders/{order_id}/history?limit=3" + (f"&cursor={cursor}" if cursor else "")
        page = (await orders.http.get(path)).json()
        pages.append(page["history"])
        cursor = page["next_cursor"]

    assert [len(page) for page in pages] == [3, 1]
    assert [entry for page in pages for entry in page] == whole


async def test_a_page_that_no_page_leads_to_is_refused(orders, order_id):
    path = f"/orders/{order_id}/history?cursor="

    assert (await orders.http.get(f"{path}{uuid4()}")).json()["type"] == "wrong-cursor"
    assert (await orders.http.get(f"{path}first")).status_code == 422
    assert (await orders.http.get("/orders/unknown/history")).status_code == 404


async def test_refused_requests_that_are_equal_are_one_entry_with_their_number(orders, order_id):
    for _ in range(1_100):
        assert (await orders.request(order_id, "capture", by="ann")).status_code == 409

    order = await orders.show(order_id)

    (refused,) = [entry for entry in order["history"] if entry["type"] == "capture_requested"]
    assert refused["times"] == 1_100
    assert refused["at"] < refused["last_at"]
    assert refused["note"].endswith("while retrieving_payment_info (by ann)")
    assert order["history"][0]["type"] == "place_order"


async def test_refused_requests_that_differ_are_bounded(replica_with):
    orders = replica_with(refused_requests_limit=10)
    order_id = (await orders.place()).json()["id"]
    for nth in range(30):
        await orders.request(order_id, "refund", key=str(nth), note=f"try {nth}")
    await orders.request(order_id, "refund", key="again", note="try 3")

    history = (await orders.show(order_id))["history"]

    refused = [entry for entry in history if entry["type"] == "refund_requested"]
    assert [entry["times"] for entry in refused] == [1, 1, 1, 2, *[1] * 6, 20]
    assert refused[-1]["note"] == "ignored: more than 10 other requests were refused"
    assert (await orders.rows("SELECT count(*) FROM inbox"))[0][0] == 1


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
