"""The events of a payment. https://docs.stripe.com/api/events/types."""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
EVENT_SECONDS = 60

pytestmark = pytest.mark.feature("Events of a payment")


def concerns(event: stripe.Event, intent_id: str) -> bool:
    changed = event.to_dict()["data"]["object"]
    return intent_id in (changed.get("id"), changed.get("payment_intent"))


def events_of(client: stripe.StripeClient, intent_id: str) -> dict[str, Any]:
    """The newest events of a PaymentIntent and of its charges and refunds, by their type."""
    newest = client.v1.events.list({"limit": 100}).data
    return {event.type: event for event in newest if concerns(event, intent_id)}


def wait_for(client: stripe.StripeClient, intent_id: str, *expected: str) -> Any:
    """Wait for the expected events, which Stripe lists with a delay."""
    deadline = time.monotonic() + EVENT_SECONDS
    while not set(expected) <= (found := events_of(client, intent_id)).keys():
        assert time.monotonic() < deadline, f"only {sorted(found)}"
    return found


def test_events_of_a_hold_and_its_capture(client: stripe.StripeClient, pay: Pay):
    intent = pay()
    held = ("payment_intent.created", "charge.succeeded")
    wait_for(client, intent.id, *held, "payment_intent.amount_capturable_updated")
    client.v1.payment_intents.capture(intent.id)
    found = wait_for(client, intent.id, "charge.captured", "payment_intent.succeeded")
    event = found["payment_intent.succeeded"]
    assert event.id.startswith("evt_")
    assert (event.object, event.livemode) == ("event", False)
    assert event.data.object.amount_received == 1299
    assert client.v1.events.retrieve(event.id).type == "payment_intent.succeeded"


def test_events_of_a_canceled_hold(client: stripe.StripeClient, pay: Pay):
    intent = client.v1.payment_intents.cancel(pay().id)
    found = wait_for(client, intent.id, "payment_intent.canceled", "charge.refunded")
    assert found["payment_intent.canceled"].data.object.status == "canceled"


def test_decline(client: stripe.StripeClient, pay: Pay):
    with pytest.raises(stripe.CardError) as refused:
        pay(payment_method="pm_card_chargeDeclined")
    declined = ("payment_intent.created", "charge.failed", "payment_intent.payment_failed")
    wait_for(client, refused.value.error.payment_intent.id, *declined)


def test_events_of_an_authentication(client: stripe.StripeClient, pay: Pay):
    intent = pay(payment_method="pm_card_threeDSecure2Required", off_session=None)
    wait_for(client, intent.id, "payment_intent.created", "payment_intent.requires_action")


def test_events_of_a_refund(client: stripe.StripeClient, pay: Pay):
    intent = pay(capture_method="automatic")
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    found = wait_for(client, intent.id, "refund.created", "charge.refunded")
    assert found["charge.refunded"].data.object.amount_refunded == 500
