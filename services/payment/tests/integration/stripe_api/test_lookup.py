import time
from types import SimpleNamespace

import pytest
from payment_service.model.ports import Absent, Unknown


@pytest.fixture
def gateway(gateway_with):
    return gateway_with()


@pytest.fixture
def arm(emulator):
    """Let look-ups fail."""

    def arm(kind, **options):
        fault = {"kind": kind, "endpoint": "GET /v1/payment_intents", **options}
        emulator.post("faults", json=fault).raise_for_status()

    return arm


async def test_a_payment_intent_is_found_among_more_than_a_page(
    gateway, payment_with, stripe_post, customer
):
    payment = payment_with()
    outcome = await gateway.authorize(payment)
    for _ in range(120):
        stripe_post("payment_intents", customer=customer, amount=100, currency="usd")

    assert await gateway.find(payment, 1) == outcome
    assert await gateway.find(payment_with(), 1) == Absent()


@pytest.mark.parametrize("kind", ["status_500_before", "reset", "hang", "429"])
async def test_a_look_up_that_fails_finds_nothing_out(gateway, payment_with, arm, kind):
    payment = payment_with()
    await gateway.authorize(payment)
    arm(kind, count=2)  # aiohttp repeats a GET

    assert isinstance(await gateway.find(payment, 1), Unknown)


async def test_a_hold_is_found_when_its_customer_is_gone(
    gateway, payment_with, stripe_api, stripe_post, customer
):
    payment = payment_with()
    outcome = await gateway.authorize(payment)
    for _ in range(120):
        stripe_post("payment_intents", amount=100, currency="usd")
    stripe_api.delete(f"customers/{customer}").raise_for_status()

    assert await gateway.find(payment, 1) == outcome
    assert await gateway.find(payment_with(), 1) == Absent()


async def test_a_look_up_that_fails_for_want_of_the_customer_and_then_again_finds_nothing_out(
    gateway, payment_with, arm
):
    payment = payment_with(stripe_customer_id="cus_none")
    arm("status_500_before", skip=1)

    assert isinstance(await gateway.find(payment, 1), Unknown)
    assert await gateway.find(payment, 1) == Absent()


@pytest.mark.parametrize("minutes", [-15, 15])
async def test_a_hold_is_found_when_our_clock_is_wrong(gateway, payment_with, monkeypatch, minutes):
    payment = payment_with()
    outcome = await gateway.authorize(payment)
    wrong = SimpleNamespace(time=lambda: time.time() + 60 * minutes)
    monkeypatch.setattr("payment_service.stripe_api.gateway.time", wrong)

    assert await gateway.find(payment, 0) == outcome
