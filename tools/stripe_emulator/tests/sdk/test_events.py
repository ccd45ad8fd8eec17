"""Events: types, contents and lists."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

Types = Callable[[], list[str]]
EVERY_HOLD = ["charge.succeeded", "payment_intent.amount_capturable_updated"]


@pytest.fixture
def types(client: stripe.StripeClient) -> Types:
    """The types of the events since the previous call, oldest first."""
    seen: set[str] = set()

    def types() -> list[str]:
        new = [event for event in client.v1.events.list({"limit": 100}) if event.id not in seen]
        seen.update(event.id for event in new)
        return [event.type for event in reversed(new)]

    return types


def test_events_of_a_payment(client: stripe.StripeClient, hold: Any, types: Types):
    intent = client.v1.payment_intents.create(hold())
    assert types() == ["payment_intent.created", *EVERY_HOLD]
    client.v1.payment_intents.capture(intent.id)
    assert types() == ["charge.captured", "payment_intent.succeeded"]
    client.v1.refunds.create({"payment_intent": intent.id})
    assert types() == ["refund.created", "charge.refunded"]


def test_events_of_an_automatic_capture(client: stripe.StripeClient, hold: Any, types: Types):
    client.v1.payment_intents.create(hold(capture_method="automatic"))
    assert types() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_decline(client: stripe.StripeClient, hold: Any, types: Types):
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    assert types() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]


def test_authentication(client: stripe.StripeClient, hold: Any, types: Types, http: Any):
    intent = client.v1.payment_intents.create(
        hold(payment_method="pm_card_threeDSecure2Required", off_session=None)
    )
    assert types() == ["payment_intent.created", "payment_intent.requires_action"]
    http.get(f"/_emulator/authenticate/{intent.id}")
    assert types() == EVERY_HOLD


def test_events_of_a_cancellation_with_and_without_a_hold(
    client: stripe.StripeClient, hold: Any, types: Types
):
    for parameters in (hold(), hold(confirm=None, off_session=None)):
        intent = client.v1.payment_intents.create(parameters)
        types()
        client.v1.payment_intents.cancel(intent.id)
        given_back = ["refund.created", "charge.refunded"] if "confirm" in parameters else []
        assert types() == [*given_back, "payment_intent.canceled"]


def test_events_of_customers_and_their_cards(client: stripe.StripeClient, types: Types):
    customer = client.v1.customers.create({"name": "Ann"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    client.v1.customers.update(customer.id, {"name": "Bob"})
    client.v1.customers.update(customer.id, {"name": "Bob"})
    client.v1.customers.delete(customer.id)
    assert types() == [
        "customer.created",
        "payment_method.attached",
        "customer.updated",
        "payment_method.detached",
        "customer.deleted",
    ]


def test_event_has_a_snapshot_of_the_object(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    client.v1.payment_intents.cancel(intent.id)
    (held,) = client.v1.events.list({"type": "payment_intent.amount_capturable_updated"})
    assert held.data.object.to_dict() == intent.to_dict()
    assert (held.request.id, held.request.idempotency_key) == (
        intent.last_response.request_id,
        "k",
    )
    assert (held.api_version, held.pending_webhooks) == ("2026-08-26.dahlia", 0)


def test_update_event_has_previous_attributes(client: stripe.StripeClient):
    customer = client.v1.customers.create({"name": "Ann"})
    client.v1.customers.update(customer.id, {"name": "Bob"})
    (updated,) = client.v1.events.list({"type": "customer.updated"})
    assert updated.data.previous_attributes.to_dict() == {"name": "Ann"}
    assert updated.data.object.name == "Bob"


def test_events_are_listed_by_type_and_retrieved(client: stripe.StripeClient, hold: Any):
    client.v1.payment_intents.create(hold())
    found = client.v1.events.list({"type": "payment_intent.*"}).data
    assert [event.type for event in found] == [EVERY_HOLD[1], "payment_intent.created"]
    both = client.v1.events.list({"types": ["charge.succeeded", "payment_intent.created"]})
    assert len(both.data) == 2
    assert client.v1.events.retrieve(found[0].id).to_dict() == found[0].to_dict()
    page = client.v1.events.list({"limit": 1, "starting_after": found[0].id})
    assert [event.type for event in page] == ["charge.succeeded"]
    with pytest.raises(stripe.InvalidRequestError, match="No such notification"):
        client.v1.events.retrieve("evt_1")
