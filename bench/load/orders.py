"""Users, orders and Stripe's latency for a benchmark of a local stack."""

from typing import Any, Final

import aiohttp
from saga_stack.stack import Stack

USERS: Final = 100
DECLINED_EVERY: Final = 10
"""The card of every tenth user is declined, so every tenth order is rejected."""

GOOD_CARD: Final = {"payment_method_id": "pm_card_visa"}
DECLINED_CARD: Final = {"payment_method_id": "pm_card_visa_chargeDeclined", "attach": False}
EVERY_REQUEST: Final = 1_000_000_000


async def register_users(
    http: aiohttp.ClientSession, stack: Stack, *, declined: bool = False
) -> None:
    """Register the users whose orders `post_order` posts, each with a card.

    Args:
        http: The client.
        stack: The stack.
        declined: Whether every tenth card is declined.
    """
    for number in range(USERS):
        user = f"{stack.users_url}/users"
        async with http.post(user, json={"clerk_user_id": f"user_{number}"}) as response:
            response.raise_for_status()
        card = DECLINED_CARD if declined and is_declined(number) else GOOD_CARD
        async with http.put(f"{user}/user_{number}/card", json=card) as response:
            response.raise_for_status()


def is_declined(number: int) -> bool:
    """Return whether the card of this order's user is one of those that are declined."""
    return number % DECLINED_EVERY == 0


async def slow_down_stripe(http: aiohttp.ClientSession, emulator_url: str, seconds: float) -> None:
    """Make the emulator wait before it answers each request for a new PaymentIntent."""
    fault = {"kind": "latency", "endpoint": "POST /v1/payment_intents", "seconds": seconds}
    faults = f"{emulator_url}/_emulator/faults"
    async with http.post(faults, json={**fault, "count": EVERY_REQUEST}) as response:
        response.raise_for_status()


def order_body(number: int) -> dict[str, Any]:
    """Return the body of an order, of one user after the other."""
    return {"clerk_user_id": f"user_{number % USERS}", "amount": 1299, "description": "Pizza"}


async def post_order(http: aiohttp.ClientSession, stack: Stack, number: int) -> str:
    """Post one order; return its id."""
    async with http.post(f"{stack.orders_url}/orders", json=order_body(number)) as response:
        response.raise_for_status()
        return (await response.json())["id"]
