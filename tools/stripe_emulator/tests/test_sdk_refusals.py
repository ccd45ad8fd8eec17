"""What Stripe refuses of a PaymentIntent, through the SDK."""

from typing import Any

import pytest
import stripe

CARDS_ONLY = {"payment_method_types": ["card"], "automatic_payment_methods": None}
ANY_METHOD = {"automatic_payment_methods": None}


def refusal(create: Any, parameters: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(parameters)
    assert refused.value.http_status == 400
    return refused.value


def test_confirming_without_a_payment_method_is_refused(client: stripe.StripeClient, hold: Any):
    customer = client.v1.customers.create()
    for owner in (None, customer.id):
        error = refusal(client.v1.payment_intents.create, hold(payment_method=None, customer=owner))
        assert error.code == "payment_intent_unexpected_state"
        assert "missing a payment method" in (error.user_message or "")


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"currency": "xyz"}, None, "currency"),
        ({"currency": "kwd", "amount": 1299}, "parameter_invalid_integer", "amount"),
        ({"payment_method": "pm_unknown"}, "resource_missing", "payment_method"),
        ({"payment_method": "pm_card_unheard_of"}, "resource_missing", "payment_method"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"receipt_email": "nobody"}, "email_invalid", "receipt_email"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"transfer_data": {"destination": "acct_1"}}, None, "transfer_data"),
        ({"payment_method_types": ["card"]}, None, None),
        ({"expand": ["colour"]}, None, None),
        ({"expand": ["latest_charge.payment_intent.customer.x.y"]}, None, None),
        ({**CARDS_ONLY, "payment_method_types": ["link"]}, None, "payment_method"),
    ],
)  # fmt: skip
def test_what_stripe_refuses_is_refused(
    client: stripe.StripeClient,
    hold: Any,
    changes: dict[str, Any],
    code: str | None,
    param: str | None,
):
    error = refusal(client.v1.payment_intents.create, hold(**changes))
    assert (error.code, error.param) == (code, param)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("usd", 50), ("usd", 99_999_999), ("jpy", 50), ("eur", 1299), ("kwd", 1290)],
)
def test_amounts_at_the_limits_are_taken(
    client: stripe.StripeClient, hold: Any, currency: str, amount: int
):
    intent = client.v1.payment_intents.create(hold(amount=amount, currency=currency))
    assert (intent.amount_capturable, intent.currency) == (amount, currency)


@pytest.mark.parametrize("param", ["off_session", "return_url", "error_on_requires_action"])
def test_some_parameters_need_confirm(client: stripe.StripeClient, hold: Any, param: str):
    values = {"off_session": None, param: "https://example.com" if param == "return_url" else True}
    error = refusal(client.v1.payment_intents.create, hold(confirm=None, **values))
    assert error.param == param


def test_a_redirect_needs_a_return_url(client: stripe.StripeClient, hold: Any):
    error = refusal(client.v1.payment_intents.create, hold(**ANY_METHOD))
    assert "you must provide a `return_url`" in (error.user_message or "")
    assert not client.v1.payment_intents.list().data
    for changes in (CARDS_ONLY, {**ANY_METHOD, "return_url": "https://example.com"}):
        intent = client.v1.payment_intents.create(hold(**changes))
        assert intent.status == "requires_capture"
    unconfirmed = client.v1.payment_intents.create({"amount": 100, "currency": "usd"})
    assert unconfirmed.automatic_payment_methods.to_dict() == {
        "allow_redirects": "always",
        "enabled": True,
    }
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.confirm(unconfirmed.id, {"payment_method": "pm_card_visa"})


def test_an_unknown_id_in_the_path_is_404(client: stripe.StripeClient):
    for find in (client.v1.payment_intents.retrieve, client.v1.charges.retrieve):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            find("xx_unknown")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
