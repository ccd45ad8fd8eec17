"""Faults of webhooks: twice, late, out of order, lost."""

import json
from typing import Any

import pytest
import stripe


@pytest.fixture(autouse=True)
def _endpoint(endpoint: Any) -> None:
    pass


def make(client: stripe.StripeClient, *names: str) -> None:
    for name in names:
        client.v1.customers.create({"name": name})


def names(receiver: Any, count: int) -> list[str]:
    receiver.events(count)
    return [json.loads(each.body)["data"]["object"]["name"] for each in receiver.received]


def test_twice(client: stripe.StripeClient, receiver: Any, arm: Any, webhooks: Any):
    arm("webhook_twice", endpoint="WEBHOOK customer.*")
    make(client, "Ann", "Bob")
    assert names(receiver, 3) == ["Ann", "Ann", "Bob"]
    first, second, _ = (json.loads(got.body) for got in receiver.received)
    assert first["id"] == second["id"]
    webhooks.until(lambda counts: counts["delivered"] == 2)
    assert [each["outcome"] for each in webhooks.deliveries()] == [
        "delivered",
        "repeated",
        "delivered",
    ]


def test_late(client: stripe.StripeClient, receiver: Any, arm: Any, webhooks: Any):
    arm("webhook_late", endpoint="WEBHOOK *", seconds=30)
    make(client, "Ann", "Bob")
    assert names(receiver, 1) == ["Bob"]
    webhooks.advance(29)
    make(client, "Eve")
    assert names(receiver, 2) == ["Bob", "Eve"]
    webhooks.advance(1)
    assert names(receiver, 3) == ["Bob", "Eve", "Ann"]


def test_out_of_order(client: stripe.StripeClient, receiver: Any, arm: Any):
    arm("webhook_out_of_order", endpoint="WEBHOOK *")
    make(client, "Ann", "Bob", "Eve")
    assert names(receiver, 3)[0] == "Bob"
    assert sorted(names(receiver, 3)) == ["Ann", "Bob", "Eve"]


def test_out_of_order_delivery_waits_for_the_next_delivered_event(
    client: stripe.StripeClient, receiver: Any, arm: Any
):
    receiver.responses = [500]
    arm("webhook_out_of_order", endpoint="WEBHOOK *")
    make(client, "Ann", "Bob")
    assert names(receiver, 1) == ["Bob"]
    make(client, "Eve")
    assert names(receiver, 3) == ["Bob", "Eve", "Ann"]


def test_out_of_order_delivery_has_a_longest_delay(
    client: stripe.StripeClient, receiver: Any, arm: Any, webhooks: Any
):
    now = webhooks.advance(0)
    arm("webhook_out_of_order", endpoint="WEBHOOK *")
    make(client, "Ann")
    webhooks.until(lambda counts: counts["next_attempt_at"] == now + 10)
    webhooks.advance(10)
    assert names(receiver, 1) == ["Ann"]


def test_lost(client: stripe.StripeClient, receiver: Any, arm: Any, webhooks: Any, http: Any):
    arm("webhook_lost", endpoint="WEBHOOK customer.created")
    make(client, "Ann", "Bob")
    assert names(receiver, 1) == ["Bob"]
    counts = webhooks.until(lambda counts: counts["delivered"])
    assert (counts["lost"], counts["pending"]) == (1, 0)
    lost = webhooks.deliveries()[0]
    assert (lost["outcome"], lost["fault"]) == ("lost", "webhook_lost")
    (hit,) = http.get("/_emulator/faults").json()["log"]
    assert (hit["event_id"], hit["kind"]) == (lost["event"], "webhook_lost")


def test_fault_applies_only_to_its_event_types(
    client: stripe.StripeClient, receiver: Any, arm: Any
):
    arm("webhook_lost", endpoint="WEBHOOK payment_intent.*")
    make(client, "Ann")
    assert names(receiver, 1) == ["Ann"]
