"""A peer: an engine that does the work of the orders, and how it is measured."""

import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.load.orders import USERS, slow_down_stripe
from bench.measuring.counters import read_durability
from bench.measuring.percentiles import latencies
from bench.measuring.usage import read_usage, usage_between
from bench.peers.shop import Shop

WARM_UP_ORDERS: Final = 100
LIMIT_SECONDS: Final = 600.0
KEEP_ALIVE_SECONDS: Final = 2.0

Order = dict[str, Any]


class Peer(ABC):
    """An engine with its own servers, on the database and the Stripe of a shop."""

    def __init__(self, shop: Shop, http: aiohttp.ClientSession, folder: Path) -> None:
        self.shop = shop
        self.http = http
        self.folder = folder

    @abstractmethod
    async def start(self) -> None:
        """Start the engine; return when it takes orders."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the engine; may be called before `start`."""

    @abstractmethod
    def processes(self) -> dict[str, list[int]]:
        """Return the process ids of the engine."""

    @abstractmethod
    async def run(self, orders: list[Order], clients: int, rate: float) -> None:
        """Run orders to their ends: by clients, or at an even pace if the rate is above 0."""

    async def run_clients(self, orders: int, clients: int) -> dict[str, Any]:
        """Measure orders of clients, from the first order to the last end."""
        return await self._measure(orders, clients, 0.0)

    async def run_at_rate(self, orders: int, rate: float) -> dict[str, Any]:
        """Measure orders at an even pace, each from when it was due until its end."""
        return await self._measure(orders, 0, rate)

    async def slow_down_stripe(self, seconds: float) -> None:
        """Make Stripe wait before it answers each request for a new PaymentIntent."""
        await slow_down_stripe(self.http, self.shop.stripe_url, seconds)

    def durability(self) -> dict[str, str]:
        """Return the settings of PostgreSQL that decide what survives a power failure."""
        return read_durability(self.shop.url("shop"))

    async def _measure(self, count: int, clients: int, rate: float) -> dict[str, Any]:
        prefix = uuid.uuid4().hex[:8]
        orders = [make_order(prefix, number) for number in range(count)]
        groups = self.processes() | self.shop.processes()
        before, start = read_usage(groups), time.time()
        await self.run(orders, clients, rate)
        usage = usage_between(before, read_usage(groups))
        ended = self.shop.ended_orders(prefix)
        verdict = await self.shop.judge([order["order_id"] for order in orders], ended)
        first = min((order.submitted_at for order in ended), default=start)
        return {
            **verdict.require_correct(),
            "sagas_per_s": count / (max(order.ended_at for order in ended) - first),
            "cpu_ms_per_saga": usage.per_saga(count, [*self.processes(), "postgres"]),
            "cpu_ms_per_saga_by_component": {n: usage.per_saga(count, [n]) for n in groups},
            "driver_cpu_ms_per_saga": usage.driver * 1000 / count,
            "foreign_cores": usage.foreign_cores,
            **latencies([order.ended_at - order.submitted_at for order in ended]),
        }


def make_order(prefix: str, number: int) -> Order:
    """Return an order of one user after the other; the engine adds `submitted_at`."""
    return {"order_id": f"{prefix}-{number}", "user_id": f"user_{number % USERS}", "amount": 1299}


@asynccontextmanager
async def open_peer(kind: type[Peer]) -> AsyncGenerator[Peer]:
    """Start a shop and an engine in a temporary folder; stop and remove both at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
        timeout = aiohttp.ClientTimeout(total=LIMIT_SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
            Shop(folder, http) as shop,
        ):
            peer = kind(shop, http, folder)
            try:
                await peer.start()
                warm_up = [make_order("warm", number) for number in range(WARM_UP_ORDERS)]
                await peer.run(warm_up, 8, 0.0)
                yield peer
            finally:
                peer.stop()
