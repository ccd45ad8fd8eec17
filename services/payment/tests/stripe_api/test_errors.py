"""Errors of captures, cancellations, refunds and reads.

Stripe's refusals of refunds mostly have no code: https://docs.stripe.com/error-codes
"""

import pytest
import stripe
from payment_service.model.authorization import NotAuthorized
from payment_service.model.ports import Unknown
from payment_service.model.stripe_results import IntentSnapshot, NotFound, Rejected
from payment_service.stripe_api.errors import (
    authorize_error,
    fetch_error,
    hold_error,
    refund_error,
)

INTENT = {"id": "pi_1", "status": "canceled", "amount": 1299, "cancellation_reason": "automatic"}
STATE = "payment_intent_unexpected_state"


def invalid(status=400, **error):
    body = {"error": {"type": "invalid_request_error", "message": "No.", **error}}
    return stripe.InvalidRequestError(
        "No.", error.get("param"), error.get("code"), "", status, body, {}
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"param": "amount", "message": "Refund amount ($30.00) is greater than …"},
         "amount_too_large"),
        ({"code": "charge_already_refunded"}, "amount_too_large"),
        ({"code": "charge_disputed"}, "charge_disputed"),
        ({"message": "This PaymentIntent (pi_1) does not have a successful charge to refund."},
         "invalid_request"),
        ({"code": "a_code_of_tomorrow"}, "invalid_request"),
    ],
)  # fmt: skip
def test_a_refused_refund_has_a_code(error, code):
    refused = refund_error(invalid(**error))

    assert (refused.code, refused.stripe_code) == (code, error.get("code"))


def test_an_error_with_an_ended_payment_intent_is_its_snapshot():
    snapshot = hold_error(invalid(code=STATE, payment_intent=INTENT))

    assert isinstance(snapshot, IntentSnapshot)
    assert snapshot.has_expired


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "amount_too_large", "payment_intent": {**INTENT, "status": "requires_capture"}},
         "amount_too_large"),
        ({"code": STATE, "payment_intent": {**INTENT, "status": "requires_action"}},
         "invalid_request"),
        ({"code": "parameter_unknown"}, "invalid_request"),
    ],
)  # fmt: skip
def test_a_refused_capture_has_a_code(error, code):
    assert hold_error(invalid(**error)).code == code


def test_a_missing_object_is_a_refusal():
    error = invalid(404, code="resource_missing", param="intent")

    assert fetch_error(error) == NotFound("No.")
    assert hold_error(error) == Rejected("invalid_request", "No.", "resource_missing")


@pytest.mark.parametrize("code", ["charge_expired_for_capture"])
def test_an_ended_hold_without_details_is_inconclusive(code):
    response = hold_error(invalid(code=code))

    assert isinstance(response, Unknown)
    assert not response.retryable


@pytest.mark.parametrize("classify", [hold_error, refund_error, fetch_error])
@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (stripe.APIConnectionError("lost"), True),
        (stripe.APIError("Failed.", http_status=500), True),
        (stripe.APIError("No.", http_status=500, headers={"idempotent-replayed": "true"}), False),
        (stripe.AuthenticationError("No.", http_status=401), False),
        (stripe.IdempotencyError("No.", http_status=400), False),
        (TimeoutError(), True),
    ],
)
def test_an_inconclusive_error_of_an_operation_is_unknown(classify, error, retryable):
    response = classify(error)

    assert isinstance(response, Unknown)
    assert response.retryable is retryable


@pytest.mark.parametrize("convert", [authorize_error, hold_error, refund_error, fetch_error])
@pytest.mark.parametrize("field", ["type", "code", "param", "message", "payment_intent"])
@pytest.mark.parametrize("value", [None, 5, [], {}, "x\ud800\0", [{"id": 5}]])
def test_an_error_whose_fields_are_of_another_shape_is_converted(convert, field, value):
    result = convert(invalid(**{field: value}))

    assert isinstance(result, NotAuthorized | Rejected | NotFound | Unknown)
    assert "\0" not in repr(result)
    repr(result).encode()


@pytest.mark.parametrize("body", [None, {}, {"error": None}, {"error": "no"}, [], "no"])
def test_an_error_without_a_body_is_converted(body):
    error = stripe.InvalidRequestError("No.", None, None, "", 400, body, {})

    assert refund_error(error) == Rejected("invalid_request", "")


def test_an_error_with_a_payment_intent_that_cannot_be_read_is_unknown_and_retried():
    intent = {**INTENT, "status": None}

    unknown = hold_error(invalid(code=STATE, payment_intent=intent))

    assert isinstance(unknown, Unknown)
    assert unknown.retryable
