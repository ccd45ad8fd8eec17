"""Errors of authorizations."""

import aiohttp
import pytest
import stripe
from payment_service.model.authorization import (
    Declined,
    InvalidCustomer,
    InvalidRequest,
    MissingReturnUrl,
    NeedsAuthentication,
    PaymentMethodNotFound,
)
from payment_service.model.ports import Unknown
from payment_service.stripe_api.errors import authorize_error

SPENT = "The provided PaymentMethod was detached from a Customer. It may not be used again."
FOREIGN = "The customer does not have a payment method with the ID pm_1."
NO_RETURN_URL = "... you must provide a `return_url`. If you don't want to accept redirects ..."
REFUSALS = [
    ({"code": "resource_missing", "param": "customer"}, InvalidCustomer),
    ({"code": "resource_missing", "param": "payment_method"}, PaymentMethodNotFound),
    ({"message": SPENT, "param": "payment_method"}, PaymentMethodNotFound),
    ({"message": SPENT}, PaymentMethodNotFound),
    ({"message": FOREIGN}, PaymentMethodNotFound),
    ({"message": NO_RETURN_URL}, MissingReturnUrl),
    ({"code": "parameter_missing", "param": "return_url"}, MissingReturnUrl),
    ({"code": "amount_too_small", "param": "amount"}, InvalidRequest),
    ({"code": "parameter_unknown", "param": "return_uri"}, InvalidRequest),
    ({"code": "payment_intent_unexpected_state"}, InvalidRequest),
    ({}, InvalidRequest),
]


def envelope(**error):
    return {"error": {"type": "invalid_request_error", "message": "No.", **error}}


def invalid(status=400, headers=None, **error):
    return stripe.InvalidRequestError(
        "No.", error.get("param"), error.get("code"), "", status, envelope(**error), headers
    )


def declined(**error):
    body = envelope(type="card_error", payment_intent={"id": "pi_1"}, **error)
    return stripe.CardError("Declined.", None, error["code"], "", 402, body, {})


def failed(status, headers=None, kind=stripe.APIError):
    return kind("Failed.", http_status=status, headers=headers)


def test_a_decline_keeps_all_of_stripes_codes(decline):
    assert authorize_error(declined(**decline)) == Declined(
        "No.", decline["code"], decline["decline_code"], decline["advice_code"], "pi_1"
    )


@pytest.mark.parametrize(
    ("code", "decline_code"),
    [
        ("authentication_required", "authentication_required"),
        ("authentication_required", "authentication_not_handled"),
        ("card_declined", "authentication_required"),
    ],
)
def test_a_decline_for_missing_authentication_is_recognized(code, decline_code):
    response = authorize_error(declined(code=code, decline_code=decline_code))

    assert response == NeedsAuthentication("No.", code, decline_code, None, "pi_1")


@pytest.mark.parametrize(("error", "kind"), REFUSALS)
def test_a_refused_request_has_an_outcome(error, kind):
    response = authorize_error(invalid(**error))

    assert type(response) is kind
    assert response.stripe_code == error.get("code")


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (failed(500), True),
        (failed(502), True),
        (failed(500, {"stripe-should-retry": "false"}), False),
        (failed(500, {"idempotent-replayed": "true"}), False),
        (failed(429, kind=stripe.RateLimitError), True),
        (failed(409, kind=stripe.APIError), True),
        (failed(200), True),
        (stripe.APIConnectionError("lost"), True),
        (aiohttp.ClientPayloadError("cut off"), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (failed(401, kind=stripe.AuthenticationError), False),
        (failed(403, kind=stripe.PermissionError), False),
        (failed(400, kind=stripe.IdempotencyError), False),
        (invalid(404), False),
        (invalid(400, {"stripe-should-retry": "true"}), True),
    ],
)
def test_an_inconclusive_error_of_an_authorization_is_unknown(error, retryable):
    response = authorize_error(error)

    assert isinstance(response, Unknown)
    assert response.retryable is retryable
    assert type(error).__name__ in response.reason


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("soon", 0.0), (None, 0.0)])
def test_retry_after_is_read_from_the_headers(value, seconds):
    headers = {"retry-after": value} if value else {}

    response = authorize_error(failed(429, headers, stripe.RateLimitError))

    assert response.retry_after_seconds == seconds
