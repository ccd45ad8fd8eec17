"""Refusals as Stripe words them: most have no code. https://docs.stripe.com/error-codes"""

import pytest
import stripe
from payment_service.model.ports import Unknown
from payment_service.model.stripe_results import Missing, Refused, Returned, Seen
from payment_service.stripe_api.errors import (
    missing_by_error,
    refused_by_error,
    returned_of,
    saga_id_of,
    seen_of,
    settled_by_error,
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
def test_a_refund_that_is_refused_has_a_name(error, code):
    refused = refused_by_error(invalid(**error))

    assert (refused.code, refused.stripe_code) == (code, error.get("code"))


def test_an_error_with_a_payment_intent_that_has_ended_says_how():
    seen = settled_by_error(invalid(code=STATE, payment_intent=INTENT))

    assert isinstance(seen, Seen)
    assert seen.has_expired


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
def test_a_capture_that_is_refused_has_a_name(error, code):
    assert settled_by_error(invalid(**error)).code == code


def test_what_is_missing_is_a_refusal_and_no_fault_of_the_way_there():
    error = invalid(404, code="resource_missing", param="intent")

    assert missing_by_error(error) == Missing("No.")
    assert settled_by_error(error) == Refused("invalid_request", "No.", "resource_missing")


@pytest.mark.parametrize("code", ["charge_expired_for_capture"])
def test_that_a_hold_is_over_says_not_yet_how(code):
    answer = settled_by_error(invalid(code=code))

    assert isinstance(answer, Unknown)
    assert not answer.repeat


@pytest.mark.parametrize("classify", [settled_by_error, refused_by_error, missing_by_error])
@pytest.mark.parametrize(
    ("error", "repeat"),
    [
        (stripe.APIConnectionError("lost"), True),
        (stripe.APIError("Failed.", http_status=500), True),
        (stripe.APIError("No.", http_status=500, headers={"idempotent-replayed": "true"}), False),
        (stripe.AuthenticationError("No.", http_status=401), False),
        (stripe.IdempotencyError("No.", http_status=400), False),
        (TimeoutError(), True),
    ],
)
def test_what_says_nothing_of_the_operation_is_unknown(classify, error, repeat):
    answer = classify(error)

    assert isinstance(answer, Unknown)
    assert answer.repeat is repeat


@pytest.mark.parametrize(
    ("status", "failed"),
    [("succeeded", False), ("pending", False), ("failed", True), ("canceled", True)],
)
def test_a_refund_is_made_unless_stripe_says_that_it_failed(status, failed):
    refund = {"id": "re_1", "amount": 5, "status": status, "metadata": {"refund_id": "r1"}}

    assert returned_of(refund) == Returned("re_1", 5, "r1", failed)


@pytest.mark.parametrize(("captured", "amount"), [(True, 300), (False, 0)])
def test_a_hold_that_was_released_counts_as_refunded_at_stripe_only(captured, amount):
    charge = {"captured": captured, "amount_refunded": 300}

    assert seen_of({**INTENT, "latest_charge": charge}).amount_refunded == amount
    assert seen_of({**INTENT, "latest_charge": "ch_1"}).amount_refunded == 0


@pytest.mark.parametrize("saga_id", ["", "x" * 256, "saga\0"])
def test_a_saga_id_that_cannot_be_ours_is_none(saga_id):
    assert saga_id_of({"saga_id": saga_id}) == ""
    assert saga_id_of({"saga_id": "saga-1"}) == "saga-1"
