"""What every gateway promises: run against the fake and against the emulator."""

import pytest
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidCustomer,
    PaymentMethodNotFound,
)
from payment_service.model.ports import Absent


@pytest.fixture(params=["fake", "emulator"])
def gateway(request):
    if request.param == "fake":
        return request.getfixturevalue("fake_gateway")
    return request.getfixturevalue("gateway_with")()


@pytest.fixture
def payment_with(gateway, customer, make_payment):
    if hasattr(gateway, "customers"):
        gateway.customers.add(customer)
    return lambda **changes: make_payment(**{"stripe_customer_id": customer, **changes})


async def test_a_good_card_is_held(gateway, payment_with):
    outcome = await gateway.authorize(payment_with())

    assert isinstance(outcome, Authorized)
    assert outcome.payment_intent_id.startswith("pi_")


async def test_a_payment_that_is_asked_for_again_has_the_same_outcome(gateway, payment_with):
    for card in ("pm_card_visa", "pm_card_chargeDeclined"):
        payment = payment_with(payment_method_id=card)

        assert await gateway.authorize(payment) == await gateway.authorize(payment)


async def test_two_payments_have_two_holds(gateway, payment_with):
    first, second = [await gateway.authorize(payment_with()) for _ in range(2)]

    assert first.payment_intent_id != second.payment_intent_id


async def test_a_bad_card_is_declined(gateway, payment_with):
    outcome = await gateway.authorize(payment_with(payment_method_id="pm_card_chargeDeclined"))

    assert outcome == Declined(
        "Your card was declined.",
        "card_declined",
        "generic_decline",
        "try_again_later",
        outcome.payment_intent_id,
    )


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"stripe_customer_id": "cus_none"}, InvalidCustomer),
        ({"payment_method_id": "pm_none"}, PaymentMethodNotFound),
    ],
)
async def test_what_stripe_does_not_know_has_a_name_and_leaves_nothing_behind(
    gateway, payment_with, changes, kind
):
    payment = payment_with(**changes)

    outcome = await gateway.authorize(payment)

    assert type(outcome) is kind
    assert outcome.stripe_code == "resource_missing"


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
async def test_what_was_asked_for_is_found(gateway, payment_with, card):
    payment = payment_with(payment_method_id=card)
    await gateway.authorize(payment_with())
    outcome = await gateway.authorize(payment)
    await gateway.authorize(payment_with())

    assert await gateway.find(payment, age_seconds=1) == outcome


@pytest.mark.parametrize("changes", [{}, {"stripe_customer_id": "cus_none"}])
async def test_what_was_never_asked_for_is_absent(gateway, payment_with, changes):
    await gateway.authorize(payment_with())

    assert await gateway.find(payment_with(**changes), age_seconds=1) == Absent()
