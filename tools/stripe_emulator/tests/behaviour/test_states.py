"""The states of a PaymentIntent. https://docs.stripe.com/payments/paymentintents/lifecycle."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
UNCONFIRMED = {"confirm": None, "off_session": None}
BEFORE_CANCEL = {
    "requires_payment_method": {**UNCONFIRMED, "payment_method": None},
    "requires_confirmation": UNCONFIRMED,
    "requires_action": {"payment_method": "pm_card_threeDSecure2Required", "off_session": None},
    "requires_capture": {},
}


@pytest.mark.feature("Step by step: create, update, confirm, capture")
def test_step_by_step_from_creation_to_capture(client: stripe.StripeClient):
    intents = client.v1.payment_intents
    intent = intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "capture_method": "manual",
            "payment_method_types": ["card"],
        }
    )
    assert (intent.status, intent.currency) == ("requires_payment_method", "usd")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    intent = intents.update(intent.id, {"payment_method": "pm_card_visa", "amount": 1200})
    assert (intent.status, intent.amount) == ("requires_confirmation", 1200)
    intent = intents.confirm(intent.id)
    assert intent.status == "requires_capture"
    intent = intents.update(intent.id, {"metadata": {"a": "b"}, "description": "held"})
    assert (intent.status, intent.description) == ("requires_capture", "held")
    intent = intents.capture(intent.id)
    assert (intent.status, intent.amount) == ("succeeded", 1200)


@pytest.mark.feature("Cancel from each state")
@pytest.mark.parametrize("status", BEFORE_CANCEL)
def test_cancel_releases_the_hold(client: stripe.StripeClient, pay: Pay, status: str):
    intent = pay(**BEFORE_CANCEL[status])
    assert intent.status == status
    canceled = client.v1.payment_intents.cancel(intent.id)
    assert (canceled.status, canceled.next_action) == ("canceled", None)
    assert client.v1.payment_intents.retrieve(intent.id).to_dict() == canceled.to_dict()


@pytest.mark.feature("Cancel from each state")
def test_cancellation_has_a_time_and_a_reason(client: stripe.StripeClient, pay: Pay):
    intent = pay()
    canceled = client.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "requested_by_customer"}
    )
    assert canceled.cancellation_reason == "requested_by_customer"
    assert canceled.canceled_at >= intent.created


@pytest.mark.feature("Amounts follow the state")
def test_canceled_payment_intent_is_not_capturable(client: stripe.StripeClient, pay: Pay):
    canceled = client.v1.payment_intents.cancel(pay().id)
    assert (canceled.amount_capturable, canceled.amount_received) == (0, 0)


@pytest.mark.feature("Cancel from each state")
def test_succeeded_payment_intent_cannot_be_canceled(client: stripe.StripeClient, pay: Pay):
    intent = pay(capture_method="automatic")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.status == "succeeded"


@pytest.mark.feature("Wrong state: 400 with the PaymentIntent")
@pytest.mark.parametrize("verb", ["capture", "confirm", "cancel"])
def test_canceled_payment_intent_stays_canceled(client: stripe.StripeClient, pay: Pay, verb: str):
    canceled = client.v1.payment_intents.cancel(pay().id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        getattr(client.v1.payment_intents, verb)(canceled.id)
    assert refused.value.http_status == 400
    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.to_dict() == canceled.to_dict()


@pytest.mark.feature("Wrong state: 400 with the PaymentIntent")
def test_unconfirmed_payment_intent_cannot_be_captured(client: stripe.StripeClient, pay: Pay):
    intent = pay(**UNCONFIRMED)
    with pytest.raises(stripe.InvalidRequestError, match="status of requires_confirmation") as it:
        client.v1.payment_intents.capture(intent.id)
    assert it.value.error.payment_intent.id == intent.id


@pytest.mark.feature("Wrong state: 400 with the PaymentIntent")
@pytest.mark.parametrize(
    "change", [{"amount": 100}, {"currency": "eur"}, {"payment_method": "pm_card_amex"}], ids=str
)
def test_held_payment_intent_cannot_be_changed(
    client: stripe.StripeClient, pay: Pay, change: dict[str, Any]
):
    intent = pay()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.update(intent.id, change)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()


@pytest.mark.feature("Wrong state: 400 with the PaymentIntent")
def test_confirming_without_a_payment_method_is_refused(
    client: stripe.StripeClient, refused: Any, customer: stripe.Customer
):
    for owner in (None, customer.id):
        error = refused(payment_method=None, customer=owner)
        assert error.code == "payment_intent_unexpected_state"
        assert "missing a payment method" in (error.user_message or "")
