"""Refused requests change nothing; cards can be charged as often as allowed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe


def test_update_to_an_amount_of_zero_is_refused(client: stripe.StripeClient, hold: Any):
    intents = client.v1.payment_intents
    intent = intents.create(hold(confirm=None, off_session=None))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.update(intent.id, {"amount": 0})
    assert refused.value.code == "parameter_invalid_integer"


@pytest.mark.parametrize(
    "form",
    [
        {"payment_method_types[0]": "us_bank_account", "payment_method": "pm_card_visa"},
        {"capture_method": "automatic", "receipt_email": "ann@example.com"},
    ],
)
def test_refused_confirmation_changes_nothing(
    client: stripe.StripeClient, http: httpx.Client, hold: Any, form: dict[str, str]
):
    made = client.v1.payment_intents.create(
        hold(payment_method=None, confirm=None, off_session=None)
    )
    before = http.get(f"/v1/payment_intents/{made.id}").json()
    assert http.post(f"/v1/payment_intents/{made.id}/confirm", data=form).status_code == 400
    assert http.get(f"/v1/payment_intents/{made.id}").json() == before


@pytest.mark.parametrize("name", ["confirm[a]", "off_session[a]"])
def test_hash_instead_of_a_boolean_is_refused(http: httpx.Client, name: str):
    form = {"amount": "100", "currency": "usd", name: "true"}
    assert http.post("/v1/payment_intents", data=form).status_code == 400


@pytest.fixture
def ask(client: stripe.StripeClient, hold: Any) -> Callable[..., Any]:
    """A PaymentIntent whose cardholder has to authenticate."""

    def ask(**changes: object) -> Any:
        intent = client.v1.payment_intents.create(hold(off_session=None, **changes))
        assert intent.status == "requires_action"
        return intent

    return ask


def test_card_detached_during_authentication_is_not_charged(
    client: stripe.StripeClient, http: httpx.Client, ask: Any
):
    customer = client.v1.customers.create().id
    card = client.v1.payment_methods.attach("pm_card_threeDSecure2Required", {"customer": customer})
    intent = ask(customer=customer, payment_method=card.id, setup_future_usage="off_session")
    client.v1.payment_methods.detach(card.id)
    assert http.get(f"/_emulator/authenticate/{intent.id}").status_code == 200
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.amount_capturable) == ("requires_payment_method", 0)
    assert "may not be used again" in after.last_payment_error["message"]


def test_card_without_a_customer_is_charged_once_after_authentication(
    client: stripe.StripeClient, http: httpx.Client, ask: Any
):
    card = client.v1.payment_methods.retrieve("pm_card_threeDSecure2Required")
    intents = [ask(payment_method=card.id) for _ in range(2)]
    for intent in intents:
        http.get(f"/_emulator/authenticate/{intent.id}")
    statuses = [client.v1.payment_intents.retrieve(intent.id).status for intent in intents]
    assert statuses == ["requires_capture", "requires_payment_method"]
