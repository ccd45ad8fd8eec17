"""Holds: creation, capture in full and in part, and expiry."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
DAY = 86_400
BRANDS = {
    "visa": ("visa", "4242"),
    "visa_debit": ("visa", "5556"),
    "mastercard": ("mastercard", "4444"),
    "amex": ("amex", "0005"),
    "discover": ("discover", "1117"),
    "diners": ("diners", "0004"),
    "jcb": ("jcb", "0505"),
    "unionpay": ("unionpay", "0005"),
}


@pytest.mark.feature("Manual capture: the hold, for every brand")
@pytest.mark.parametrize("brand", BRANDS)
def test_accepted_card_holds_the_money(pay: Pay, brand: str):
    intent = pay(payment_method=f"pm_card_{brand}", expand=["payment_method"])
    assert intent.status == "requires_capture"
    assert (intent.payment_method.card.brand, intent.payment_method.card.last4) == BRANDS[brand]


@pytest.mark.feature("Amounts follow the state")
def test_held_amount_is_capturable(pay: Pay):
    intent = pay()
    assert (intent.amount, intent.amount_capturable, intent.amount_received) == (1299, 1299, 0)


@pytest.mark.feature("Manual capture: the hold is a charge")
def test_hold_is_an_uncaptured_charge(client: stripe.StripeClient, pay: Pay):
    intent = pay()
    assert isinstance(intent.latest_charge, str)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.status, charge.paid, charge.captured) == ("succeeded", True, False)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (1299, 0, 0)
    assert charge.payment_intent == intent.id


@pytest.mark.feature("Automatic capture")
@pytest.mark.parametrize("method", ["automatic", "automatic_async"])
def test_automatic_capture_captures_immediately(pay: Pay, method: str):
    intent = pay(capture_method=method)
    assert (intent.status, intent.capture_method) == ("succeeded", method)


@pytest.mark.feature("Automatic capture")
def test_capture_is_automatic_by_default(pay: Pay):
    intent = pay(capture_method=None)
    assert (intent.status, intent.capture_method) == ("succeeded", "automatic_async")


@pytest.mark.feature("Amounts follow the state")
def test_automatic_capture_is_received(pay: Pay):
    intent = pay(capture_method="automatic")
    assert (intent.amount_received, intent.amount_capturable) == (1299, 0)


@pytest.mark.feature("Capture in full")
def test_capture_takes_the_whole_hold(client: stripe.StripeClient, pay: Pay):
    intent = client.v1.payment_intents.capture(pay().id)
    assert intent.status == "succeeded"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.amount_captured) == (True, 1299)


@pytest.mark.feature("Amounts follow the state")
def test_captured_amount_is_received(client: stripe.StripeClient, pay: Pay):
    intent = client.v1.payment_intents.capture(pay().id)
    assert (intent.amount_received, intent.amount_capturable) == (1299, 0)


@pytest.mark.feature("Capture in full")
def test_capture_may_add_metadata(client: stripe.StripeClient, pay: Pay):
    intent = pay(metadata={"a": "b"})
    intent = client.v1.payment_intents.capture(intent.id, {"metadata": {"c": "d"}})
    assert intent.metadata.to_dict() == {"a": "b", "c": "d"}


@pytest.mark.feature("Capture in full")
async def test_capture_takes_the_whole_hold_by_the_async_client(
    async_client: stripe.StripeClient, hold: Any
):
    intent = await async_client.v1.payment_intents.create_async(hold())
    captured = await async_client.v1.payment_intents.capture_async(intent.id)
    assert captured.status == "succeeded"


@pytest.mark.feature("Capture in part releases the rest")
def test_partial_capture_is_final(client: stripe.StripeClient, pay: Pay):
    captured = client.v1.payment_intents.capture(pay().id, {"amount_to_capture": 1000})
    assert (captured.status, captured.amount) == ("succeeded", 1299)
    charge = client.v1.charges.retrieve(captured.latest_charge)
    assert (charge.captured, charge.amount_captured) == (True, 1000)


@pytest.mark.feature("Amounts follow the state")
def test_rest_of_a_partial_capture_is_not_capturable(client: stripe.StripeClient, pay: Pay):
    captured = client.v1.payment_intents.capture(pay().id, {"amount_to_capture": 1000})
    assert (captured.amount_received, captured.amount_capturable) == (1000, 0)


@pytest.mark.feature("Capture in part releases the rest")
def test_rest_of_a_partial_capture_is_released(client: stripe.StripeClient, pay: Pay):
    captured = client.v1.payment_intents.capture(pay().id, {"amount_to_capture": 1000})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(captured.id)
    assert (refused.value.http_status, refused.value.code) == (
        400,
        "payment_intent_unexpected_state",
    )


@pytest.mark.feature("Capture: amounts that are refused")
def test_capture_above_the_hold_is_refused(client: stripe.StripeClient, pay: Pay):
    intent = pay()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1300})
    assert (refused.value.http_status, refused.value.code) == (400, "amount_too_large")
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


@pytest.mark.feature("Capture: amounts that are refused")
@pytest.mark.parametrize(
    ("amount", "code", "param"),
    [(0, "parameter_invalid_integer", "amount"), (-1, None, "amount_to_capture")],
)
def test_capture_of_zero_is_refused(
    client: stripe.StripeClient, pay: Pay, amount: int, code: str | None, param: str
):
    intent = pay()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": amount})
    error = refused.value
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert error.error.payment_intent.id == intent.id
    assert client.v1.payment_intents.retrieve(intent.id).amount_capturable == 1299


@pytest.mark.feature("Until when a hold stands: capture_before")
def test_hold_on_session_lasts_seven_days(pay: Pay):
    charge = pay(off_session=None, expand=["latest_charge"]).latest_charge
    seconds = charge.payment_method_details.card.capture_before - charge.created
    assert seconds == pytest.approx(7 * DAY, abs=5)


@pytest.mark.feature("Until when a hold stands: capture_before")
def test_visa_hold_off_session_lasts_less_than_five_days(pay: Pay):
    charge = pay(expand=["latest_charge"]).latest_charge
    seconds = charge.payment_method_details.card.capture_before - charge.created
    assert seconds == pytest.approx(4 * DAY + 18 * 3600, abs=5)
