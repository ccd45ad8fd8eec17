"""Deliveries: signed, in order, retried, and only to allowed hosts."""

import json
from typing import Any

import httpx
import pytest
import stripe

HELD = ["charge.succeeded", "payment_intent.amount_capturable_updated"]


def make(client: stripe.StripeClient, *names: str) -> list[str]:
    """Create customers; their events have the types `customer.created`."""
    return [client.v1.customers.create({"name": name}).id for name in names]


def names(receiver: Any) -> list[str]:
    return [json.loads(each.body)["data"]["object"]["name"] for each in receiver.received]


def test_event_is_delivered_in_stripes_format(
    client: stripe.StripeClient, receiver: Any, endpoint: stripe.WebhookEndpoint
):
    (customer,) = make(client, "Ann")
    assert receiver.events(1) == ["customer.created"]
    (got,) = receiver.received
    signature = got.headers["Stripe-Signature"]
    assert ",v0=" in signature
    event = client.construct_event(got.body, signature, endpoint.secret)
    assert event.data.object.id == customer
    assert event.pending_webhooks == 1
    assert got.headers["Content-Type"] == "application/json; charset=utf-8"
    assert got.headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    assert got.body.startswith(b'{\n  "id": "evt_')
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(got.body, signature, "whsec_other")


def test_pending_webhooks_decrease_on_delivery(
    client: stripe.StripeClient, endpoint: Any, receiver: Any, webhooks: Any
):
    receiver.responses = [500]
    make(client, "Ann")
    webhooks.attempt(1)
    (event,) = client.v1.events.list().data
    assert event.pending_webhooks == 1
    webhooks.advance(2)
    webhooks.until(lambda counts: not counts["pending"])
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0


def test_events_are_delivered_in_order(client: stripe.StripeClient, receiver: Any, endpoint: Any):
    wanted = [str(number) for number in range(30)]
    make(client, *wanted)
    receiver.events(30)
    assert names(receiver) == wanted


def test_endpoint_receives_only_its_event_types(
    client: stripe.StripeClient, receiver: Any, hold: Any
):
    wanted: Any = {"url": receiver.url, "enabled_events": [HELD[1]]}
    client.v1.webhook_endpoints.create(wanted)
    client.v1.payment_intents.create(hold())
    client.v1.payment_intents.create(hold())
    assert receiver.events(2) == [HELD[1], HELD[1]]


@pytest.mark.parametrize("answer", [500, 404, 302, "close"])
def test_failed_delivery_is_retried_with_back_off(
    client: stripe.StripeClient,
    receiver: Any,
    endpoint: stripe.WebhookEndpoint,
    webhooks: Any,
    answer: Any,
):
    receiver.responses = [answer] * 3
    make(client, "Ann")
    for number, wait in enumerate((2, 4, 8), 1):
        due = webhooks.attempt(number)["next_attempt_at"]
        assert webhooks.advance(wait - 1) == due - 1
        assert webhooks.advance(1) == due
    webhooks.until(lambda counts: counts["delivered"] == 1)
    assert receiver.types == ["customer.created"] * 4
    for got in receiver.received:
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], endpoint.secret)
    log = webhooks.deliveries()
    assert [each["outcome"] for each in log] == ["retried", "retried", "retried", "delivered"]
    assert [each["attempt"] for each in log] == [1, 2, 3, 4]
    assert log[0]["status"] == (None if answer == "close" else answer)
    assert log[0]["error"]


def test_failed_delivery_delays_no_other(
    client: stripe.StripeClient, receiver: Any, endpoint: Any, webhooks: Any
):
    receiver.responses = [500]
    make(client, "Ann", "Bob", "Eve")
    webhooks.attempt(3)
    webhooks.advance(2)
    receiver.events(4)
    assert names(receiver) == ["Ann", "Bob", "Eve", "Ann"]


def test_delivery_fails_after_the_last_attempt(
    client: stripe.StripeClient,
    receiver: Any,
    endpoint: Any,
    webhooks: Any,
):
    receiver.responses = [500] * 16
    make(client, "Ann")
    for count in range(1, 16):
        webhooks.attempt(count)
        webhooks.advance(3_600)
    assert webhooks.until(lambda counts: counts["failed"])["pending"] == 0
    assert webhooks.deliveries()[-1]["error"] == "the receiver responded with 500"
    webhooks.advance(86_400)
    make(client, "Bob")
    receiver.events(17)
    assert names(receiver)[-1] == "Bob"
    (_, given_up) = client.v1.events.list().data
    assert given_up.pending_webhooks == 1


def test_endless_response_is_read_up_to_a_limit(
    client: stripe.StripeClient, receiver: Any, endpoint: Any, webhooks: Any
):
    receiver.responses = ["flood"]
    make(client, "Ann")
    webhooks.until(lambda counts: counts["delivered"] == 1)
    assert receiver.flooded.wait(5), "the connection was not closed"


@pytest.mark.parametrize("change", ["disabled", "deleted"])
def test_deleted_or_disabled_endpoint_receives_nothing(
    client: stripe.StripeClient,
    receiver: Any,
    endpoint: stripe.WebhookEndpoint,
    webhooks: Any,
    change: str,
):
    receiver.responses = [500]
    make(client, "Ann")
    webhooks.attempt(1)
    if change == "disabled":
        client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    else:
        client.v1.webhook_endpoints.delete(endpoint.id)
    make(client, "Bob")
    webhooks.advance(86_400)
    wanted: Any = {"url": receiver.url, "enabled_events": ["*"]}
    client.v1.webhook_endpoints.create(wanted)
    make(client, "Eve")
    receiver.events(2)
    assert names(receiver) == ["Ann", "Eve"]
    assert [each.pending_webhooks for each in client.v1.events.list().data[1:]] == [0, 0]


@pytest.mark.parametrize(
    "url", ["http://receiver.example/hook", "http://192.0.2.1/hook", "http://127.0.0.1@192.0.2.1"]
)
def test_host_beyond_loopback_is_never_contacted(
    client: stripe.StripeClient, webhooks: Any, url: str
):
    wanted: Any = {"url": url, "enabled_events": ["*"]}
    client.v1.webhook_endpoints.create(wanted)
    make(client, "Ann")
    assert webhooks.until(lambda counts: counts["failed"])["pending"] == 0
    (attempt,) = webhooks.deliveries()
    assert "is neither a loopback address nor allowed with --webhook-host" in attempt["error"]


def test_event_is_resent_on_request(
    client: stripe.StripeClient, receiver: Any, endpoint: stripe.WebhookEndpoint, http: httpx.Client
):
    make(client, "Ann")
    receiver.events(1)
    (event,) = client.v1.events.list().data
    sent = http.post(f"/_emulator/events/{event.id}/resend")
    assert (sent.status_code, sent.json()) == (202, {"webhook_endpoints": [endpoint.id]})
    receiver.events(2)
    assert names(receiver) == ["Ann", "Ann"]
    unknown = {"webhook_endpoint": "we_unknown"}
    assert http.post(f"/_emulator/events/{event.id}/resend", json=unknown).status_code == 404
    assert http.post("/_emulator/events/evt_unknown/resend").status_code == 404


def test_reset_drops_pending_deliveries(
    client: stripe.StripeClient, receiver: Any, endpoint: Any, http: httpx.Client
):
    receiver.responses = ["hang"]
    make(client, "Ann", "Bob")
    receiver.events(1)
    http.post("/_emulator/reset")
    wanted: Any = {"url": receiver.url, "enabled_events": ["*"]}
    client.v1.webhook_endpoints.create(wanted)
    make(client, "Eve")
    receiver.events(2)
    assert names(receiver) == ["Ann", "Eve"]
