from typing import get_args

import pytest
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidCustomer,
    InvalidRequest,
    MissingReturnUrl,
    NeedsAuthentication,
    NotAuthorized,
    PaymentMethodNotFound,
    StripeUnavailable,
)
from payment_service.model.failures import (
    AUTHORIZATION_FAILURES,
    OPERATION_FAILURES,
    authorization_result,
    operation_failure,
)
from payment_service.model.stripe_results import Rejected
from saga_schemas.payment import PaymentFailureCode
from saga_schemas.payment_lifecycle import OperationFailureCode

SPECIFICATION = [
    (InvalidCustomer, "Invalid Stripe Customer ID",
     "Ensure the user has a valid stripe_customer_id in their record"),
    (PaymentMethodNotFound, "Payment method not found",
     "Verify the user has saved payment methods in Stripe"),
    (MissingReturnUrl, "Missing return_url", "STRIPE_RETURN_URL"),
]  # fmt: skip


def test_every_failure_code_has_a_cause_and_a_cure():
    assert set(AUTHORIZATION_FAILURES) == set(get_args(PaymentFailureCode))


def test_every_outcome_type_has_its_own_code():
    codes = [kind.code for kind in NotAuthorized.__subclasses__()]

    assert sorted(codes) == sorted(AUTHORIZATION_FAILURES)


@pytest.mark.parametrize("kind", NotAuthorized.__subclasses__())
def test_every_failure_has_stripes_message_cause_and_cure(kind):
    failure = authorization_result(kind("Stripe's message."))
    guide = AUTHORIZATION_FAILURES[kind.code]

    assert failure.code == kind.code
    assert failure.message == f"{guide.title}: {guide.cause} Stripe's message."
    assert failure.cure == guide.cure


@pytest.mark.parametrize(("kind", "title", "cure"), SPECIFICATION)
def test_the_specified_failures_have_the_specified_texts(kind, title, cure):
    failure = authorization_result(kind("No such thing"))

    assert failure.message.startswith(title)
    assert cure in failure.cure


@pytest.mark.parametrize(
    ("decline_code", "advice_code", "cure"),
    [
        ("insufficient_funds", "try_again_later", "funds"),
        ("expired_card", "confirm_card_data", "not expired"),
        ("incorrect_cvc", "confirm_card_data", "CVC"),
        ("stolen_card", "do_not_try_again", "Do not try this card again"),
        ("generic_decline", "try_again_later", "again later"),
        ("generic_decline", "confirm_card_data", "check the card's data"),
        ("generic_decline", "do_not_try_again", "Do not try this card again"),
        ("generic_decline", None, "another card"),
        ("a_code_of_tomorrow", "advice_of_tomorrow", "another card"),
        (None, None, "another card"),
    ],
)
def test_the_cure_of_a_decline_follows_its_decline_code_or_its_advice(
    decline_code, advice_code, cure
):
    failure = authorization_result(
        Declined("Declined.", "card_declined", decline_code, advice_code)
    )

    assert cure in failure.cure
    assert (failure.decline_code, failure.advice_code) == (decline_code, advice_code)


def test_a_failure_keeps_the_id_of_its_payment_intent():
    refused = NeedsAuthentication("Needs it.", payment_intent_id="pi_1")

    assert authorization_result(refused).payment_intent_id == "pi_1"


def test_an_oversized_message_of_stripe_is_truncated():
    failure = authorization_result(InvalidRequest("x\0" * 100_000, "c" * 10_000))

    assert len(failure.message) < 2_000
    assert "\0" not in failure.message


def test_an_authorized_outcome_is_its_own_result():
    assert authorization_result(Authorized("pi_1")) == Authorized("pi_1")


def test_stripe_unavailable_means_that_stripe_was_read():
    assert "has no PaymentIntent" in authorization_result(StripeUnavailable("")).message


def test_every_operation_failure_code_has_a_cause_and_a_cure():
    assert set(OPERATION_FAILURES) == set(get_args(OperationFailureCode))


@pytest.mark.parametrize("code", list(OPERATION_FAILURES))
def test_an_operation_failure_has_stripes_message_cause_and_cure(code):
    failure = operation_failure(Rejected(code, "Stripe's message.", "stripes_code"), "pi_1")
    guide = OPERATION_FAILURES[code]

    assert failure.message == f"{guide.title}: {guide.cause} Stripe's message."
    assert (failure.cure, failure.stripe_code) == (guide.cure, "stripes_code")
    assert failure.payment_intent_id == "pi_1"
