"""Contract of `ports.Stripe`, run against the fake and the emulator."""

from uuid import uuid4

import httpx
import pytest
from user_service.domain import SavedCard

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture(params=["fake", "emulator"])
def stripe(request):
    if request.param == "fake":
        return request.getfixturevalue("fake_stripe")
    return request.getfixturevalue("gateway_with")()


@pytest.fixture
def delete_customer(request, stripe, emulator):
    """Delete a customer as in Stripe's dashboard."""

    def in_the_fake(customer_id):
        stripe.deleted.add(customer_id)

    def at_the_emulator(customer_id):
        url, key = f"{emulator}/v1/customers/{customer_id}", "Bearer sk_test_user"
        httpx.delete(url, headers={"Authorization": key}).raise_for_status()

    return in_the_fake if hasattr(stripe, "deleted") else at_the_emulator


@pytest.fixture
async def customer(stripe):
    return await stripe.create_customer(f"user_{uuid4()}")


async def test_creating_a_customer_again_returns_the_same_customer(stripe):
    name = f"user_{uuid4()}"

    first = await stripe.create_customer(name)

    assert first.startswith("cus_")
    assert await stripe.create_customer(name) == first
    assert await stripe.create_customer(f"{name}_2") != first


async def test_a_customer_exists_until_it_is_deleted(stripe, customer, delete_customer):
    assert await stripe.has_customer(customer)

    delete_customer(customer)

    assert not await stripe.has_customer(customer)


async def test_an_unknown_customer_does_not_exist(stripe):
    assert not await stripe.has_customer("cus_unknown")


async def test_replacing_a_lost_customer_again_returns_the_same_customer(stripe, delete_customer):
    name = f"user_{uuid4()}"
    lost = await stripe.create_customer(name)
    delete_customer(lost)

    second = await stripe.create_customer(name, lost=lost)

    assert second != lost
    assert await stripe.has_customer(second)
    assert await stripe.create_customer(name, lost=lost) == second
    assert await stripe.create_customer(name, lost=second) not in {lost, second}


async def test_setting_an_email_is_repeatable(stripe, customer):
    for email in ("a@example.com", "a@example.com", "b@example.com"):
        assert await stripe.set_email(customer, email) is None


async def test_setting_the_email_of_an_unknown_customer_is_refused(stripe):
    refusal = await stripe.set_email("cus_unknown", "a@example.com")

    assert refusal.code == "stripe_customer_invalid"
    assert refusal.message.startswith("Invalid Stripe Customer ID")


async def test_an_attached_token_becomes_a_new_payment_method(stripe, customer):
    card = await stripe.attach_card("pm_card_visa", customer)

    assert card == SavedCard(card.payment_method_id, "visa", "4242")
    assert card.payment_method_id != "pm_card_visa"


async def test_attaching_a_payment_method_is_repeatable(stripe, customer):
    card = await stripe.attach_card("pm_card_mastercard", customer)

    assert await stripe.attach_card(card.payment_method_id, customer) == card


async def test_a_declined_card_is_not_attached(stripe, customer):
    refusal = await stripe.attach_card(DECLINED, customer)

    assert refusal.code == "card_declined"
    assert refusal.message == "Your card was declined."
    assert refusal.cure
    assert refusal.stripe_code == "card_declined"
    assert refusal.decline_code == "generic_decline"
    assert refusal.advice_code == "try_again_later"


async def test_an_unknown_payment_method_is_not_attached(stripe, customer):
    refusal = await stripe.attach_card("pm_unknown", customer)

    assert refusal.code == "payment_method_not_found"
    assert refusal.message.startswith("Payment method not found")


async def test_attaching_to_an_unknown_customer_is_refused(stripe):
    refusal = await stripe.attach_card("pm_card_visa", "cus_unknown")

    assert refusal.code == "stripe_customer_invalid"


async def test_a_card_that_cannot_be_attached_is_looked_up_by_the_given_id(stripe):
    assert await stripe.look_up_card(DECLINED) == SavedCard(DECLINED, "visa", "0002")


async def test_an_unknown_payment_method_is_not_found(stripe):
    refusal = await stripe.look_up_card("pm_unknown")

    assert refusal.code == "payment_method_not_found"


async def test_detaching_a_card_is_repeatable(stripe, customer):
    card = await stripe.attach_card("pm_card_visa", customer)

    for _ in range(2):
        assert await stripe.detach_card(card.payment_method_id, customer) is None


async def test_a_token_attached_again_after_detaching_is_a_new_payment_method(stripe, customer):
    first = await stripe.attach_card("pm_card_visa", customer)
    await stripe.detach_card(first.payment_method_id, customer)

    second = await stripe.attach_card("pm_card_visa", customer)

    assert second.payment_method_id != first.payment_method_id


async def test_the_card_of_another_customer_stays_attached(stripe, customer):
    other = await stripe.create_customer(f"user_{uuid4()}")
    card = await stripe.attach_card("pm_card_visa", other)

    assert await stripe.detach_card(card.payment_method_id, customer) is None
    assert await stripe.attach_card(card.payment_method_id, other) == card


@pytest.mark.parametrize("payment_method_id", ["pm_unknown", DECLINED])
async def test_detaching_an_unattached_payment_method_does_nothing(
    stripe, customer, payment_method_id
):
    assert await stripe.detach_card(payment_method_id, customer) is None
