"""The rules of PaymentIntents, through the SDK."""

from typing import Any

import pytest
import stripe

START = 1_800_000_000
DAY = 86_400
CARDS_ONLY = {"payment_method_types": ["card"], "automatic_payment_methods": None}
ANY_METHOD = {"automatic_payment_methods": None}


def refusal(create: Any, parameters: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(parameters)
    assert refused.value.http_status == 400
    return refused.value


def test_a_payment_intent_has_all_of_stripes_fields(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(description="Food", metadata={"saga_id": "s"}))
    assert len(intent.to_dict()) == 42
    assert (intent.object, intent.livemode, intent.created) == ("payment_intent", False, START)
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert (intent.description, intent.metadata.to_dict()) == ("Food", {"saga_id": "s"})
    assert isinstance(intent.latest_charge, str)


def test_a_hold_says_until_when_it_can_be_captured(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(expand=["latest_charge"]))
    details = intent.latest_charge.payment_method_details.card
    assert details.capture_before == START + 4 * DAY + 18 * 3600
    assert details.amount_authorized == 1299
    assert (intent.latest_charge.captured, intent.latest_charge.paid) == (False, True)
    present = client.v1.payment_intents.create(hold(off_session=None, expand=["latest_charge"]))
    card = present.latest_charge.payment_method_details.card
    assert card.capture_before == START + 7 * DAY


def test_step_by_step_from_creation_to_capture(client: stripe.StripeClient):
    intents = client.v1.payment_intents
    intent = intents.create(
        {
            "amount": 1000,
            "currency": "USD",
            "capture_method": "manual",
            "payment_method_types": ["card"],
        }
    )
    assert (intent.status, intent.currency) == ("requires_payment_method", "usd")
    intent = intents.update(intent.id, {"payment_method": "pm_card_visa", "amount": 1200})
    assert (intent.status, intent.amount) == ("requires_confirmation", 1200)
    intent = intents.confirm(intent.id)
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1200)
    intent = intents.update(intent.id, {"metadata": {"a": "b"}, "description": "held"})
    assert (intent.status, intent.description) == ("requires_capture", "held")
    intent = intents.capture(intent.id, {"metadata": {"c": "d"}})
    assert (intent.status, intent.amount_capturable, intent.amount_received) == (
        "succeeded",
        0,
        1200,
    )
    assert intent.metadata.to_dict() == {"a": "b", "c": "d"}
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.captured, charge.amount_captured) == (True, 1200)


def test_automatic_capture_is_the_default(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold(capture_method=None))
    assert (intent.status, intent.capture_method) == ("succeeded", "automatic_async")
    assert intent.amount_received == 1299


def test_a_partial_capture_releases_the_rest(client: stripe.StripeClient, hold: Any, ledger: Any):
    intent = client.v1.payment_intents.create(hold())
    captured = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert (captured.amount_received, captured.amount_capturable) == (1000, 0)
    (line,) = ledger().payment_intents
    assert [move["amount"] for move in line["releases"]] == [299]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_more_than_is_held_cannot_be_captured(client: stripe.StripeClient, hold: Any):
    intent = client.v1.payment_intents.create(hold())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1300})
    assert refused.value.code == "amount_too_large"
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


@pytest.mark.parametrize(
    "confirm",
    [
        {},
        {"confirm": True},
        {
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "off_session": None,
        },
    ],
)
def test_cancel_ends_it_and_releases_the_hold(
    client: stripe.StripeClient, hold: Any, ledger: Any, confirm: dict[str, Any]
):
    unconfirmed = {} if confirm else {"confirm": None, "off_session": None}
    intent = client.v1.payment_intents.create(hold(**confirm, **unconfirmed))
    canceled = client.v1.payment_intents.cancel(
        intent.id, {"cancellation_reason": "requested_by_customer"}
    )
    assert (canceled.status, canceled.canceled_at) == ("canceled", START)
    assert canceled.cancellation_reason == "requested_by_customer"
    assert (canceled.amount_capturable, canceled.next_action) == (0, None)
    (line,) = ledger().payment_intents
    assert sum(move["amount"] for move in line["releases"]) == sum(
        move["amount"] for move in line["holds"]
    )
    for verb in ("cancel", "capture", "confirm"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            getattr(client.v1.payment_intents, verb)(intent.id)
        assert refused.value.code == "payment_intent_unexpected_state"
        assert refused.value.error.payment_intent.to_dict() == canceled.to_dict()


def test_what_is_held_cannot_be_changed_any_more(client: stripe.StripeClient, hold: Any):
    customer = client.v1.customers.create()
    intent = client.v1.payment_intents.create(hold())
    for change in (
        {"amount": 100},
        {"currency": "eur"},
        {"customer": customer.id},
        {"payment_method": "pm_card_amex"},
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.update(intent.id, change)
        assert refused.value.code == "payment_intent_unexpected_state"
    assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()


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
