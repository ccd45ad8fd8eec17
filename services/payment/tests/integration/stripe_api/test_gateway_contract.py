"""The contract of gateways for authorizations, run against the fake and the emulator."""

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
def request_with(gateway, customer, make_request):
    if hasattr(gateway, "customers"):
        gateway.customers.add(customer)
    return lambda **changes: make_request(**{"stripe_customer_id": customer, **changes})


async def test_a_valid_card_is_authorized(gateway, request_with):
    outcome = await gateway.authorize(request_with())

    assert isinstance(outcome, Authorized)
    assert outcome.payment_intent_id.startswith("pi_")


async def test_a_repeated_authorization_has_the_same_outcome(gateway, request_with):
    for card in ("pm_card_visa", "pm_card_chargeDeclined"):
        payment = request_with(payment_method_id=card)

        assert await gateway.authorize(payment) == await gateway.authorize(payment)


async def test_two_payments_have_two_holds(gateway, request_with):
    first, second = [await gateway.authorize(request_with()) for _ in range(2)]

    assert first.payment_intent_id != second.payment_intent_id


async def test_a_declining_card_is_declined(gateway, request_with):
    outcome = await gateway.authorize(request_with(payment_method_id="pm_card_chargeDeclined"))

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
async def test_a_missing_customer_or_payment_method_has_an_outcome(
    gateway, request_with, changes, kind
):
    payment = request_with(**changes)

    outcome = await gateway.authorize(payment)

    assert type(outcome) is kind
    assert outcome.stripe_code == "resource_missing"


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
async def test_a_requested_payment_is_found(gateway, request_with, card):
    payment = request_with(payment_method_id=card)
    await gateway.authorize(request_with())
    outcome = await gateway.authorize(payment)
    await gateway.authorize(request_with())

    assert await gateway.find(payment, age_seconds=1) == outcome


@pytest.mark.parametrize("changes", [{}, {"stripe_customer_id": "cus_none"}])
async def test_a_payment_that_was_never_requested_is_absent(gateway, request_with, changes):
    await gateway.authorize(request_with())

    assert await gateway.find(request_with(**changes), age_seconds=1) == Absent()
