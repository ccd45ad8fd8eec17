from datetime import UTC, datetime

import aiohttp
import pytest
import stripe
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidCustomer,
    InvalidRequest,
    MissingReturnUrl,
    NeedsAuthentication,
    PaymentMethodNotFound,
)
from payment_service.model.ports import Open, Unknown
from payment_service.stripe_api.responses import answer_of_error, outcome_of_intent

# Confirmed off session: https://docs.stripe.com/testing#declined-payments
DECLINES = [
    ("card_declined", "generic_decline", None, "try_again_later"),
    ("card_declined", "insufficient_funds", None, "try_again_later"),
    ("card_declined", "lost_card", None, "do_not_try_again"),
    ("card_declined", "stolen_card", None, "do_not_try_again"),
    ("expired_card", "expired_card", "exp_month", "confirm_card_data"),
    ("incorrect_cvc", "incorrect_cvc", "cvc", "confirm_card_data"),
    ("processing_error", "processing_error", None, "try_again_later"),
    ("card_declined", "fraudulent", None, None),
]
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


@pytest.mark.parametrize(("code", "decline_code", "param", "advice_code"), DECLINES)
def test_a_decline_keeps_every_code_of_stripe(code, decline_code, param, advice_code):
    error = declined(code=code, decline_code=decline_code, param=param, advice_code=advice_code)

    assert answer_of_error(error) == Declined("No.", code, decline_code, advice_code, "pi_1")


@pytest.mark.parametrize(
    ("code", "decline_code"),
    [
        ("authentication_required", "authentication_required"),
        ("authentication_required", "authentication_not_handled"),
        ("card_declined", "authentication_required"),
    ],
)
def test_a_decline_for_want_of_authentication_says_so(code, decline_code):
    answer = answer_of_error(declined(code=code, decline_code=decline_code))

    assert answer == NeedsAuthentication("No.", code, decline_code, None, "pi_1")


@pytest.mark.parametrize(("error", "kind"), REFUSALS)
def test_a_refused_request_has_a_name(error, kind):
    answer = answer_of_error(invalid(**error))

    assert type(answer) is kind
    assert answer.stripe_code == error.get("code")


@pytest.mark.parametrize(
    ("error", "repeat"),
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
def test_what_says_nothing_of_the_payment_is_unknown(error, repeat):
    answer = answer_of_error(error)

    assert isinstance(answer, Unknown)
    assert answer.repeat is repeat
    assert type(error).__name__ in answer.reason


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("soon", 0.0), (None, 0.0)])
def test_stripe_may_ask_to_wait(value, seconds):
    headers = {"retry-after": value} if value else {}

    answer = answer_of_error(failed(429, headers, stripe.RateLimitError))

    assert answer.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        ({"status": "requires_capture"}, Authorized("pi_1")),
        ({"status": "succeeded"}, Authorized("pi_1")),
        ({"status": "processing"}, Open("pi_1", "processing")),
        ({"status": "requires_confirmation"}, Open("pi_1", "requires_confirmation")),
        ({"status": "requires_payment_method"}, Open("pi_1", "requires_payment_method")),
        ({"status": "a_status_of_tomorrow"}, Open("pi_1", "a_status_of_tomorrow")),
    ],
)
def test_a_payment_intent_is_a_hold_or_has_not_ended(intent, outcome):
    assert outcome_of_intent({"id": "pi_1", **intent}) == outcome


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        ({"status": "requires_action"}, NeedsAuthentication),
        ({"status": "canceled", "cancellation_reason": "abandoned"}, InvalidRequest),
        ({"status": "canceled", "cancellation_reason": None}, InvalidRequest),
    ],
)
def test_a_payment_intent_without_a_hold_that_will_come_is_a_failure(intent, kind):
    outcome = outcome_of_intent({"id": "pi_1", **intent})

    assert type(outcome) is kind
    assert outcome.payment_intent_id == "pi_1"


@pytest.mark.parametrize(("code", "decline_code", "param", "advice_code"), DECLINES)
def test_a_payment_intent_that_was_declined_tells_why(code, decline_code, param, advice_code):
    error = {
        "type": "card_error", "message": "No.", "code": code,
        "decline_code": decline_code, "param": param, "advice_code": advice_code,
    }  # fmt: skip

    outcome = outcome_of_intent(
        {"id": "pi_1", "status": "requires_payment_method", "last_payment_error": error}
    )

    assert outcome == Declined("No.", code, decline_code, advice_code, "pi_1")


@pytest.mark.parametrize(
    ("charge", "capture_before"),
    [
        (
            {"payment_method_details": {"card": {"capture_before": 1_800_000_000}}},
            datetime.fromtimestamp(1_800_000_000, UTC),
        ),
        ({"payment_method_details": {"card": {}}}, None),
        ({"payment_method_details": None}, None),
        ("ch_1", None),
        (None, None),
    ],
)
def test_a_hold_expires_when_its_charge_says(charge, capture_before):
    intent = {"id": "pi_1", "status": "requires_capture", "latest_charge": charge}

    assert outcome_of_intent(intent) == Authorized("pi_1", capture_before)
