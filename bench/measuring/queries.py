"""The time of the API's queries and of the commands that use them."""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import aiohttp
from order_saga.create_order.state import State
from saga_stack.stack import Stack

REPEATS: Final = 7
SAGA: Final = Path(sys.executable).with_name("saga")

FILTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "all": {},
    **{f"state={state}": {"state": state.value} for state in State},
    "clerk_user_id of many orders": {"clerk_user_id": "user_1"},
    "clerk_user_id of none": {"clerk_user_id": "user_without_orders"},
    **{
        f"{name}={value}": {name: value}
        for name in ("overdue", "stuck")
        for value in ("true", "false")
    },
}
"""Each filter of `GET /orders`."""


async def measure_queries(
    http: aiohttp.ClientSession, stack: Stack, order: str
) -> dict[str, float]:
    """Measure `GET /orders` with each filter, one order, and `saga list` and `saga why`.

    Returns:
        The median of each, in milliseconds; the commands include the start of Python.
    """
    orders = f"{stack.orders_url}/orders"

    async def get(url: str, parameters: Mapping[str, str]) -> None:
        async with http.get(url, params=dict(parameters)) as response:
            response.raise_for_status()
            await response.read()

    async def run(*arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            SAGA, *arguments, stdout=asyncio.subprocess.DEVNULL
        )
        if code := await process.wait():
            raise RuntimeError(f"saga {' '.join(arguments)} ended with exit code {code}")

    url = "--orders-url", stack.orders_url
    others = "--payments-url", stack.payments_url, "--users-url", stack.users_url
    work: dict[str, Callable[[], Awaitable[None]]] = {
        f"GET /orders, {name}": lambda parameters=parameters: get(orders, parameters)
        for name, parameters in FILTERS.items()
    }
    work["GET /orders/ID"] = lambda: get(f"{orders}/{order}", {})
    work["GET /orders/ID/why"] = lambda: get(f"{orders}/{order}/why", {})
    work["saga list"] = lambda: run("list", *url)
    work["saga why ID"] = lambda: run("why", order, *url, *others)
    return {name: await _median_ms(each) for name, each in work.items()}


async def _median_ms(work: Callable[[], Awaitable[None]]) -> float:
    took: list[float] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        await work()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)
