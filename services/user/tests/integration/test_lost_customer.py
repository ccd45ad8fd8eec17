"""A customer deleted at Stripe, on PostgreSQL and the emulator."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from user_service.domain import SavedCard, User
from user_service.handlers import UserHandlers


@pytest.fixture
def handlers(sql_transaction, gateway_with):
    return UserHandlers(sql_transaction, gateway_with())


@pytest.fixture
def stripe_api(emulator):
    headers = {"Authorization": "Bearer sk_test_user"}
    with httpx.Client(base_url=f"{emulator}/v1", headers=headers) as client:
        yield client


@pytest.fixture
async def lost(handlers, stripe_api):
    """A user with a card, whose customer was deleted at Stripe."""
    name = f"user_{uuid4()}"
    customer = (await handlers.register_user(name)).user.stripe_customer_id
    await handlers.save_card(name, "pm_card_visa", attach=True)
    stripe_api.delete(f"customers/{customer}").raise_for_status()
    return await handlers.get_user(name)


async def test_registering_again_creates_a_customer_that_accepts_a_card(handlers, lost):
    again = await handlers.register_user(lost.clerk_user_id, "a@example.com")

    assert again.created is False
    assert again.user == User(lost.clerk_user_id, again.user.stripe_customer_id)
    assert again.user.stripe_customer_id != lost.stripe_customer_id
    card = await handlers.save_card(lost.clerk_user_id, "pm_card_visa", attach=True)
    assert isinstance(card, SavedCard)
    assert (await handlers.register_user(lost.clerk_user_id)).user.card == card


async def test_concurrent_registrations_replace_the_customer_once(handlers, lost, stripe_api):
    def customers():
        found = stripe_api.get("customers", params={"limit": 100}).json()["data"]
        return [each for each in found if each["metadata"] == {"clerk_user_id": lost.clerk_user_id}]

    again = await asyncio.gather(*(handlers.register_user(lost.clerk_user_id) for _ in range(8)))

    (customer,) = customers()
    assert {each.user for each in again} == {User(lost.clerk_user_id, customer["id"])}
