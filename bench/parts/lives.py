"""Whole lives: orders that are authorized and captured, or canceled, or refunded later."""

import asyncio
import time
from collections import Counter
from typing import Any, Final

from bench.load.orders import DECLINED_EVERY
from bench.load.outcomes import AUTHORIZED, REJECTED
from bench.load.run import cost
from bench.load.site import Site
from bench.measuring.percentiles import latencies
from bench.measuring.usage import usage_between

Requests = tuple[tuple[str, str], ...]
"""Each request to an order with the event that follows it."""

CANCELED: Final[Requests] = (("cancel", "order.canceled"),)
CAPTURED: Final[Requests] = (("capture", "order.completed"),)
REFUNDED: Final[Requests] = (*CAPTURED, ("refund", "order.refunded"))
NAMES: Final[dict[Requests, str]] = {
    (): "rejected",
    CANCELED: "canceled",
    CAPTURED: "captured",
    REFUNDED: "refunded",
}


def requests_of(number: int) -> Requests:
    """Return the life of an order: of ten, one is declined, one canceled and one refunded."""
    lives: dict[int, Requests] = {0: (), 1: CANCELED, 2: REFUNDED}
    return lives.get(number % DECLINED_EVERY, CAPTURED)


async def measure_lives(site: Site, orders: int, clients: int) -> dict[str, Any]:
    """Measure lives of clients, each of which begins its next order when its last one has ended."""
    took: list[float] = []
    numbers = iter(range(orders))

    async def client() -> None:
        for number in numbers:
            start = time.perf_counter()
            await _live(site, number)
            took.append(time.perf_counter() - start)

    before = site.read_usage()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    usage = usage_between(before, site.read_usage())
    ends = Counter(NAMES[requests_of(number)] for number in range(orders))
    return {
        "clients": clients,
        "orders": orders,
        **ends,
        "lives_per_s": orders / usage.seconds,
        **cost(usage, orders),
        **latencies(took),
    }


async def _live(site: Site, number: int) -> None:
    order = await site.post(number)
    requests = requests_of(number)
    await site.outcomes.wait_for_event(order, AUTHORIZED if requests else REJECTED)
    for verb, event in requests:
        url = f"{site.stack.orders_url}/orders/{order}/{verb}"
        headers = {"Idempotency-Key": f"{verb}-{order}"}
        async with site.http.post(url, json={}, headers=headers) as response:
            response.raise_for_status()
        await site.outcomes.wait_for_event(order, event)
