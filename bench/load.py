"""Users, orders and Stripe's latency for a benchmark of a local stack."""

import asyncio

import aiohttp
from saga_stack.stack import Stack

USERS = 50
POSTS_IN_FLIGHT = 32
EVERY_REQUEST = 1_000_000


async def register_users(http: aiohttp.ClientSession, stack: Stack) -> None:
    """Register the users whose orders `post_order` posts, each with a card."""
    for number in range(USERS):
        user = f"{stack.users_url}/users"
        async with http.post(user, json={"clerk_user_id": f"user_{number}"}) as response:
            response.raise_for_status()
        card = {"payment_method_id": "pm_card_visa"}
        async with http.put(f"{user}/user_{number}/card", json=card) as response:
            response.raise_for_status()


async def slow_down_stripe(http: aiohttp.ClientSession, stack: Stack, seconds: float) -> None:
    """Make the emulator wait before it answers each request for a new PaymentIntent."""
    fault = {"kind": "latency", "endpoint": "POST /v1/payment_intents", "seconds": seconds}
    faults = f"{stack.emulator_url}/_emulator/faults"
    async with http.post(faults, json={**fault, "count": EVERY_REQUEST}) as response:
        response.raise_for_status()


async def post_orders(http: aiohttp.ClientSession, stack: Stack, count: int) -> list[str]:
    """Post orders, `POSTS_IN_FLIGHT` at a time; return their ids."""
    gate = asyncio.Semaphore(POSTS_IN_FLIGHT)

    async def post(number: int) -> str:
        async with gate:
            return await post_order(http, stack, number)

    return await asyncio.gather(*(post(number) for number in range(count)))


async def post_order(http: aiohttp.ClientSession, stack: Stack, number: int) -> str:
    """Post one order, of one user after the other; return its id."""
    order = {"clerk_user_id": f"user_{number % USERS}", "amount": 1299, "description": "Pizza"}
    async with http.post(f"{stack.orders_url}/orders", json=order) as response:
        response.raise_for_status()
        return (await response.json())["id"]
