import asyncio
from uuid import uuid4

import httpx
import pytest
import stripe
from user_service.errors import StripeKeyRefused, StripeUnavailable

CREATE = "POST /v1/customers"


@pytest.fixture
def user():
    return f"user_{uuid4()}"


@pytest.fixture
def arm(emulator):
    """Arm a fault of the emulator; faults are deleted after the test."""
    with httpx.Client(base_url=emulator) as client:
        yield lambda **fault: client.post("/_emulator/faults", json=fault).raise_for_status()
        client.delete("/_emulator/faults")


@pytest.fixture
def requests_of(emulator):
    """Find the emulator's requests to a path, newest first."""

    def find(path):
        with httpx.Client(base_url=emulator) as client:
            entries = client.get("/_emulator/requests", params={"limit": 1000}).json()["requests"]
            ids = [entry["id"] for entry in entries if entry["path"] == path]
            return [client.get(f"/_emulator/requests/{each}").json() for each in ids]

    return find


@pytest.mark.parametrize("kind", ["status_500_before", "reset", "reset_after", "429"])
async def test_a_transient_fault_is_retried_with_the_same_key(
    gateway_with, arm, requests_of, user, kind
):
    arm(endpoint=CREATE, kind=kind, count=2)

    customer = await gateway_with().create_customer(user)

    assert await gateway_with().create_customer(user) == customer
    tries = requests_of("/v1/customers")[:4]
    assert len({each["idempotency_key"] for each in tries}) == 1


async def test_a_timeout_after_the_customer_was_created_returns_that_customer(
    gateway_with, arm, user
):
    arm(endpoint=CREATE, kind="timeout_after", count=1)

    customer = await gateway_with(stripe_timeout_seconds=0.3).create_customer(user)

    assert await gateway_with().create_customer(user) == customer


async def test_a_lasting_fault_is_raised_after_the_last_attempt(gateway_with, arm, user):
    arm(endpoint=CREATE, kind="status_500_before", count=3)
    gateway = gateway_with(stripe_tries=3)

    with pytest.raises(StripeUnavailable):
        await gateway.create_customer(user)

    assert (await gateway.create_customer(user)).startswith("cus_")


async def test_a_hanging_call_is_raised_after_the_time_limit(gateway_with, arm, user):
    arm(endpoint=CREATE, kind="hang", count=1, seconds=5)

    with pytest.raises(StripeUnavailable):
        await gateway_with(stripe_give_up_seconds=0.2).create_customer(user)


async def test_an_unreachable_stripe_is_unavailable(gateway_with, user):
    gateway = gateway_with(stripe_api_base="http://127.0.0.1:1")

    with pytest.raises(StripeUnavailable):
        await gateway.create_customer(user)


async def test_a_500_that_stripe_advises_not_to_retry_is_unavailable_and_not_retried(gateway_with):
    calls = []

    async def fail():
        calls.append(1)
        headers = {"stripe-should-retry": "false"}
        raise stripe.APIError("An error occurred.", http_status=500, headers=headers)

    with pytest.raises(StripeUnavailable):
        await gateway_with()._call("customer", fail)
    assert len(calls) == 1


async def test_a_declined_card_is_attached_with_a_new_key_the_next_time(
    gateway_with, requests_of, user
):
    gateway, declined = gateway_with(), "pm_card_visa_chargeDeclinedInsufficientFunds"
    customer = await gateway.create_customer(user)

    for _ in range(2):
        refusal = await gateway.attach_card(declined, customer)
        assert refusal.decline_code == "insufficient_funds"

    keys = {
        each["idempotency_key"] for each in requests_of(f"/v1/payment_methods/{declined}/attach")
    }
    assert len(keys) == 2


async def test_a_rejected_key_raises_stripe_key_refused(gateway_with, user):
    gateway = gateway_with(stripe_secret_key="sk_test_not-a-key")

    with pytest.raises(StripeKeyRefused):
        await gateway.create_customer(user)


async def test_the_payment_method_of_another_customer_is_refused_with_stripes_message(
    gateway_with, user
):
    gateway = gateway_with()
    owner, other = await gateway.create_customer(user), await gateway.create_customer(f"{user}_2")
    card = await gateway.attach_card("pm_card_visa", owner)

    refusal = await gateway.attach_card(card.payment_method_id, other)

    assert refusal.code == "stripe_refused"
    assert "already been attached" in refusal.message


async def test_a_refused_email_has_a_cure_about_the_email(gateway_with, user):
    gateway = gateway_with()
    customer = await gateway.create_customer(user)

    refusal = await gateway.set_email(customer, "ann")

    assert (refusal.code, "e-mail" in refusal.cure, "card" in refusal.cure) == (
        "stripe_refused", True, False,
    )  # fmt: skip


async def test_detaching_a_card_concurrently_succeeds(gateway_with, user):
    gateway = gateway_with()
    customer = await gateway.create_customer(user)
    card = (await gateway.attach_card("pm_card_visa", customer)).payment_method_id

    results = await asyncio.gather(*(gateway.detach_card(card, customer) for _ in range(4)))

    assert results == [None] * 4
