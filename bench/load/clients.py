"""Clients that post one order after the other, and orders at an even pace."""

import asyncio
import time
from collections.abc import Awaitable, Callable

Post = Callable[[int], Awaitable[str]]
"""Posts the order of a number and returns its id."""


async def post_by_clients(post: Post, orders: int, clients: int) -> dict[str, float]:
    """Post orders by clients, each of which posts its next order once its last one is accepted.

    Returns:
        The moment before each POST by order id, on the clock of `time.perf_counter`.
    """
    started: dict[str, float] = {}
    numbers = iter(range(orders))

    async def client() -> None:
        for number in numbers:
            at = time.perf_counter()
            started[await post(number)] = at

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return started


async def post_at_rate(post: Post, orders: int, rate: float) -> dict[str, float]:
    """Post orders at an even pace, without waiting for the responses of earlier ones.

    Returns:
        The moment at which each POST was due, by order id: a delay of the POST itself counts.
    """
    due: dict[str, float] = {}
    start = time.perf_counter()

    async def post_one(number: int, at: float) -> None:
        due[await post(number)] = at

    async with asyncio.TaskGroup() as group:
        for number in range(orders):
            at = start + number / rate
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            group.create_task(post_one(number, at))
    return due
