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
    SETTLEMENT_TROUBLES,
    TROUBLESHOOTING,
    settlement_failure,
    verdict_of,
)
from payment_service.model.stripe_results import Refused
from saga_schemas.payment import PaymentFailureCode
from saga_schemas.settlement import SettlementFailureCode

SPECIFICATION = [
    (InvalidCustomer, "Invalid Stripe Customer ID",
     "Ensure the user has a valid stripe_customer_id in their record"),
    (PaymentMethodNotFound, "Payment method not found",
     "Verify the user has saved payment methods in Stripe"),
    (MissingReturnUrl, "Missing return_url", "STRIPE_RETURN_URL"),
]  # fmt: skip


def test_every_failure_code_has_a_cause_and_a_cure():
    assert set(TROUBLESHOOTING) == set(get_args(PaymentFailureCode))


def test_every_way_to_fail_has_a_code_of_its_own():
    codes = [kind.code for kind in NotAuthorized.__subclasses__()]

    assert sorted(codes) == sorted(TROUBLESHOOTING)


@pytest.mark.parametrize("kind", NotAuthorized.__subclasses__())
def test_every_failure_says_what_stripe_said_its_cause_and_its_cure(kind):
    failure = verdict_of(kind("What Stripe said."))
    trouble = TROUBLESHOOTING[kind.code]

    assert failure.code == kind.code
    assert failure.message == f"{trouble.title}: {trouble.cause} What Stripe said."
    assert failure.cure == trouble.cure


@pytest.mark.parametrize(("kind", "title", "cure"), SPECIFICATION)
def test_the_cases_of_the_specification_are_told_in_its_words(kind, title, cure):
    failure = verdict_of(kind("No such thing"))

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
def test_a_decline_is_cured_by_its_decline_code_or_else_its_advice(decline_code, advice_code, cure):
    failure = verdict_of(Declined("Declined.", "card_declined", decline_code, advice_code))

    assert cure in failure.cure
    assert (failure.decline_code, failure.advice_code) == (decline_code, advice_code)


def test_a_failure_keeps_the_payment_intent_that_stripe_made():
    refused = NeedsAuthentication("Needs it.", payment_intent_id="pi_1")

    assert verdict_of(refused).payment_intent_id == "pi_1"


def test_whatever_stripe_says_fits_into_the_event():
    failure = verdict_of(InvalidRequest("x\0" * 100_000, "c" * 10_000))

    assert len(failure.message) < 2_000
    assert "\0" not in failure.message


def test_a_hold_is_its_own_verdict():
    assert verdict_of(Authorized("pi_1")) == Authorized("pi_1")


def test_an_unavailable_stripe_was_asked():
    assert "it was asked" in verdict_of(StripeUnavailable("")).message


def test_every_way_to_fail_after_the_hold_has_a_cause_and_a_cure():
    assert set(SETTLEMENT_TROUBLES) == set(get_args(SettlementFailureCode))


@pytest.mark.parametrize("code", list(SETTLEMENT_TROUBLES))
def test_a_failure_after_the_hold_says_what_stripe_said_its_cause_and_its_cure(code):
    failure = settlement_failure(Refused(code, "What Stripe said.", "stripes_code"), "pi_1")
    trouble = SETTLEMENT_TROUBLES[code]

    assert failure.message == f"{trouble.title}: {trouble.cause} What Stripe said."
    assert (failure.cure, failure.stripe_code) == (trouble.cure, "stripes_code")
    assert failure.payment_intent_id == "pi_1"
