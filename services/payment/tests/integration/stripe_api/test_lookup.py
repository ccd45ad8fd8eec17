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


async def test_a_payment_intent_is_found_beyond_the_first_page(
    gateway, request_with, stripe_post, customer
):
    payment = request_with()
    outcome = await gateway.authorize(payment)
    for _ in range(120):
        stripe_post("payment_intents", customer=customer, amount=100, currency="usd")

    assert await gateway.find(payment, 1) == outcome
    assert await gateway.find(request_with(), 1) == Absent()


@pytest.mark.parametrize("kind", ["status_500_before", "reset", "hang", "429"])
async def test_a_failed_lookup_is_inconclusive(gateway, request_with, arm, kind):
    payment = request_with()
    await gateway.authorize(payment)
    arm(kind, count=2)  # aiohttp repeats a GET

    assert isinstance(await gateway.find(payment, 1), Unknown)


async def test_a_hold_is_found_after_its_customer_was_deleted(
    gateway, request_with, stripe_api, stripe_post, customer
):
    payment = request_with()
    outcome = await gateway.authorize(payment)
    for _ in range(120):
        stripe_post("payment_intents", amount=100, currency="usd")
    stripe_api.delete(f"customers/{customer}").raise_for_status()

    assert await gateway.find(payment, 1) == outcome
    assert await gateway.find(request_with(), 1) == Absent()


async def test_a_lookup_that_fails_without_the_customer_is_inconclusive(gateway, request_with, arm):
    payment = request_with(stripe_customer_id="cus_none")
    arm("status_500_before", skip=1)

    assert isinstance(await gateway.find(payment, 1), Unknown)
    assert await gateway.find(payment, 1) == Absent()


@pytest.mark.parametrize("minutes", [-15, 15])
async def test_a_hold_is_found_with_a_wrong_clock(gateway, request_with, monkeypatch, minutes):
    payment = request_with()
    outcome = await gateway.authorize(payment)
    wrong = SimpleNamespace(time=lambda: time.time() + 60 * minutes)
    monkeypatch.setattr("payment_service.stripe_api.gateway.time", wrong)

    assert await gateway.find(payment, 0) == outcome
