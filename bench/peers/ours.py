"""Our system in the place of a peer: the whole local stack."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench.load.clients import post_by_clients
from bench.load.orders import register_users, slow_down_stripe
from bench.load.run import run_at_rate, run_clients
from bench.load.site import NO_ADMISSION, Site, open_site
from bench.measuring.counters import read_durability

WARM_UP_ORDERS: Final = 300


@dataclass(frozen=True)
class Ours:
    """The three services, Kafka, PostgreSQL and the emulator."""

    site: Site

    async def run_clients(self, orders: int, clients: int) -> dict[str, Any]:
        """Measure orders of clients, from the first POST to the last event out of Kafka."""
        return await self._checked(await run_clients(self.site, orders, clients))

    async def run_at_rate(self, orders: int, rate: float) -> dict[str, Any]:
        """Measure orders at an even pace, each from when its POST was due until its event."""
        return await self._checked(await run_at_rate(self.site, orders, rate))

    async def slow_down_stripe(self, seconds: float) -> None:
        """Make Stripe wait before it answers each request for a new PaymentIntent."""
        await slow_down_stripe(self.site.http, self.site.stack.emulator_url, seconds)

    def durability(self) -> dict[str, str]:
        """Return the settings of PostgreSQL that decide what survives a power failure."""
        return read_durability(self.site.stack.database_urls["order_saga"])

    async def _checked(self, run: dict[str, Any]) -> dict[str, Any]:
        verdict = (await self.site.judge()).require_correct()
        return {**run, "lost": verdict["lost"], "doubled": verdict["doubled"]}


@asynccontextmanager
async def open_ours() -> AsyncGenerator[Ours]:
    """Start our stack in a temporary folder; stop and remove it at the end."""
    async with open_site(NO_ADMISSION) as site:
        await register_users(site.http, site.stack, declined=True)
        await site.outcomes.wait_for_ends(await post_by_clients(site.post, WARM_UP_ORDERS, 64))
        yield Ours(site)
