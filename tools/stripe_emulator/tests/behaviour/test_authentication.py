"""Cards that require authentication, and the redirect."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import stripe

Pay: TypeAlias = Callable[..., stripe.PaymentIntent]
REQUIRED = "pm_card_threeDSecure2Required"
NOT_SET_UP = "pm_card_authenticationRequiredOnSetup"
BACK = "https://example.com/back"
ANY_METHOD = {"payment_method_types": None}
NO_REDIRECTS = {
    "payment_method_types": None,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


def check_left_behind(refused: stripe.CardError, decline_code: str) -> None:
    assert (refused.http_status, refused.code) == (402, "authentication_required")
    assert refused.error.decline_code == decline_code
    intent = refused.error.payment_intent
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.code == "authentication_required"


@pytest.mark.feature("3-D Secure off session is a decline")
@pytest.mark.parametrize(
    "token",
    [
        REQUIRED,
        pytest.param(
            "pm_card_authenticationRequired",
            marks=pytest.mark.unverified("the outcome of some test cards"),
        ),
    ],
)
def test_authentication_off_session_is_a_decline(
    client: stripe.StripeClient, hold: Any, token: str
):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=token))
    check_left_behind(refused.value, "authentication_required")


@pytest.mark.feature("3-D Secure off session is a decline")
def test_card_that_always_authenticates_is_declined_without_a_charge(
    client: stripe.StripeClient, hold: Any
):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=REQUIRED))
    assert "charge" not in refused.value.json_body["error"]
    assert refused.value.error.payment_intent.latest_charge is None


@pytest.mark.feature("3-D Secure off session is a decline")
def test_card_without_setup_is_declined_with_a_charge(client: stripe.StripeClient, hold: Any):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(payment_method=NOT_SET_UP))
    check_left_behind(refused.value, "authentication_required")
    charge = client.v1.charges.retrieve(refused.value.json_body["error"]["charge"])
    assert (charge.status, charge.failure_code) == ("failed", "authentication_required")


@pytest.mark.feature("3-D Secure: error_on_requires_action")
def test_unhandled_authentication_is_a_decline(client: stripe.StripeClient, hold: Any):
    changes = {"payment_method": REQUIRED, "off_session": None, "error_on_requires_action": True}
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.create(hold(**changes))
    check_left_behind(refused.value, "authentication_not_handled")


@pytest.mark.feature("3-D Secure on session: next_action")
def test_authentication_on_session_requires_a_redirect(pay: Pay):
    intent = pay(payment_method=REQUIRED, off_session=None, return_url=BACK)
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert (intent.amount_capturable, intent.amount_received) == (0, 0)
    assert intent.next_action.type == "redirect_to_url"
    assert intent.next_action.redirect_to_url.return_url == BACK
    assert intent.next_action.redirect_to_url.url.startswith("http")


@pytest.mark.feature("3-D Secure on session: next_action")
def test_authentication_without_return_url_uses_stripe_js(pay: Pay):
    intent = pay(payment_method=REQUIRED, off_session=None)
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")


@pytest.mark.feature("return_url and allow_redirects=never")
def test_redirect_needs_a_return_url(refused: Any):
    error = refused(**ANY_METHOD)
    assert "you must provide a `return_url`" in (error.user_message or "")


@pytest.mark.feature("return_url and allow_redirects=never")
@pytest.mark.parametrize("changes", [{}, NO_REDIRECTS, {**ANY_METHOD, "return_url": BACK}], ids=str)
def test_confirmation_without_redirects_needs_no_return_url(pay: Pay, changes: dict[str, Any]):
    assert pay(**changes).status == "requires_capture"


@pytest.mark.feature("return_url and allow_redirects=never")
def test_confirming_later_needs_a_return_url_too(client: stripe.StripeClient):
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "usd"})
    assert intent.automatic_payment_methods.to_dict() == {
        "allow_redirects": "always",
        "enabled": True,
    }
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})


@pytest.mark.feature("Parameters that need confirm")
@pytest.mark.parametrize(
    ("param", "value"),
    [("off_session", True), ("return_url", BACK), ("error_on_requires_action", True)],
)
def test_some_parameters_need_confirm(refused: Any, param: str, value: object):
    error = refused(confirm=None, **{"off_session": None, param: value})
    assert error.param == param


@pytest.mark.feature("API keys")
@pytest.mark.parametrize("key", ["nonsense", "sk_live_nonsense"])
def test_invalid_key_is_401(client: stripe.StripeClient, key: str):
    with pytest.raises(stripe.AuthenticationError) as refused:
        client.v1.payment_intents.list({}, {"api_key": key})
    assert refused.value.http_status == 401
    assert (refused.value.user_message or "").startswith("Invalid API Key provided: ")
