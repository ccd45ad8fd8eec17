"""POST /orders/{id}/capture, /cancel, /refund, /retry, /resolve: applied once, and recorded."""

import pytest
from saga_schemas.values import MAX_AMOUNT


@pytest.fixture
async def order_id(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    messages = new_messages(order_id)
    await orders.receive(*messages.replies_until("authorized"))
    return order_id


@pytest.fixture
def messages(new_messages, order_id):
    return new_messages(order_id)


async def last_sent(orders, order_id):
    (row,) = await orders.rows(
        "SELECT convert_from(value, 'UTF8')::jsonb -> 'payload' FROM outbox "
        f"WHERE correlation_id = '{order_id}' ORDER BY created_at DESC LIMIT 1"
    )
    return row[0]


def refunded(messages, command, attempt):
    """The reply to a `refund_payment`."""
    reported = {name: command[name] for name in ("refund_id", "amount")}
    return messages.of(
        "payment.refunded", attempt=attempt, stripe_refund_id=f"re_{attempt}", **reported
    )


async def test_a_capture_is_accepted_and_its_amount_sent(orders, order_id, messages):
    answer = await orders.request(order_id, "capture", amount=1000, by="ann", note="delivered")

    assert (answer.status_code, answer.headers["location"]) == (202, f"/orders/{order_id}")
    assert answer.json()["state"] == "capturing"
    assert (await last_sent(orders, order_id))["amount"] == 1000
    await orders.receive(messages.of("payment.captured", attempt=1, amount=1000))
    order = await orders.show(order_id)
    assert (order["state"], order["captured"]) == ("completed", 1000)
    (line,) = [line for line in order["history"] if line["type"] == "capture_requested"]
    assert line["note"] == "-> capturing (by ann: delivered)"


async def test_a_capture_without_an_amount_captures_the_full_amount(orders, order_id):
    assert (await orders.http.post(f"/orders/{order_id}/capture")).status_code == 202
    assert (await last_sent(orders, order_id))["amount"] == 1299


async def test_a_repeated_key_gets_the_same_response_and_captures_once(orders, order_id):
    first, again = [await orders.request(order_id, "capture", key="k", amount=5) for _ in range(2)]

    assert first.json() == again.json()
    order = await orders.show(order_id)
    assert [line["type"] for line in order["history"]].count("capture_payment") == 1
    reused = await orders.request(order_id, "capture", key="k", amount=6)
    assert (reused.status_code, reused.headers["content-type"]) == (
        422,
        "application/problem+json",
    )


async def test_of_a_capture_and_a_cancel_the_second_is_refused_with_the_reason(orders, order_id):
    assert (await orders.request(order_id, "capture")).status_code == 202
    for verb in ("cancel", "capture"):
        loser = await orders.request(order_id, verb, key=verb)
        assert loser.status_code == 409
        refusal = f"ignored: {verb}_requested is not accepted while capturing"
        assert loser.json()["detail"].startswith(refusal)
        again = await orders.request(order_id, verb, key=verb)
        assert again.json() == loser.json()
    history = (await orders.show(order_id))["history"]
    assert [line["times"] for line in history if line["note"].startswith("ignored")] == [2, 2]


async def test_a_cancel_before_the_capture_releases_and_after_it_refunds(
    orders, order_id, messages
):
    await orders.request(order_id, "capture")
    await orders.receive(messages.of("payment.captured", attempt=1))
    assert (await orders.request(order_id, "cancel", by="ann")).json()["state"] == "refunding"
    payload = await last_sent(orders, order_id)
    assert payload["amount"] == 1299
    await orders.receive(refunded(messages, payload, attempt=1))
    order = await orders.show(order_id)
    assert (order["state"], order["refunded"]) == ("refunded", 1299)


async def test_refunds_in_parts_up_to_what_was_captured(orders, order_id, messages):
    await orders.request(order_id, "capture")
    await orders.receive(messages.of("payment.captured", attempt=1))
    for attempt, amount in enumerate((300, 200), 1):
        asked = await orders.request(order_id, "refund", key=f"refund {attempt}", amount=amount)
        assert asked.status_code == 202
        await orders.receive(refunded(messages, await last_sent(orders, order_id), attempt))
    too_much = await orders.request(order_id, "refund", key="refund 3", amount=800)
    assert too_much.status_code == 409
    assert "800 exceeds the 799 left" in too_much.json()["detail"]
    assert (await orders.show(order_id))["refunded"] == 500


async def test_an_order_that_needs_attention_is_retried_or_resolved(orders, order_id, messages):
    await orders.request(order_id, "cancel")
    await orders.receive(messages.of("payment.cancel_failed", attempt=1))
    assert (await orders.show(order_id))["state"] == "needs_attention"
    assert (await orders.request(order_id, "retry", by="bob")).json()["state"] == "canceling"
    assert (await last_sent(orders, order_id))["attempt"] == 2
    await orders.receive(messages.of("payment.cancel_failed", attempt=2))
    impossible = await orders.request(order_id, "resolve", **{"as": "completed"}, note="?")
    assert impossible.status_code == 409
    answer = await orders.request(
        order_id, "resolve", **{"as": "canceled"}, by="bob", note="by hand"
    )
    assert answer.json()["state"] == "canceled"
    assert (await orders.show(order_id))["reason"]["message"] == "Resolved by bob: by hand"


@pytest.mark.parametrize("verb", ["capture", "cancel", "refund", "retry"])
async def test_an_unknown_order_is_404(orders, verb):
    assert (await orders.request("nowhere", verb, key="k")).status_code == 404


async def test_a_refund_requires_a_key_which_tells_a_repeat_from_a_second_refund(
    orders, order_id, messages
):
    await orders.request(order_id, "capture")
    await orders.receive(messages.of("payment.captured", attempt=1))
    without = await orders.request(order_id, "refund", amount=300)
    assert (without.status_code, without.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    first, second = [
        await orders.request(order_id, "refund", key="k", amount=300) for _ in range(2)
    ]
    assert (first.status_code, second.json()) == (202, first.json())
    await orders.receive(refunded(messages, await last_sent(orders, order_id), attempt=1))
    assert (await orders.show(order_id))["refunded"] == 300


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("capture", {"amount": 0}, "amount"),
        ("capture", {"amount": MAX_AMOUNT + 1}, "amount"),
        ("capture", {"amount": "5"}, "amount"),
        ("refund", {"amount": -1}, "amount"),
        ("cancel", {"amount": 5}, "amount"),
        ("cancel", {"by": ""}, "by"),
        ("cancel", {"note": "x" * 501}, "note"),
        ("resolve", {}, "as"),
        ("resolve", {"as": "gone"}, "as"),
    ],
)
async def test_an_invalid_field_is_named_and_nothing_changes(orders, order_id, verb, body, field):
    answer = await orders.request(order_id, verb, **body)

    assert answer.status_code == 422
    assert field in answer.text
    assert (await orders.show(order_id))["state"] == "authorized"
