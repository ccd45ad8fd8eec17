"""Steady load: clients that post one order after the other."""

from typing import Any

from bench.load.run import run_clients
from bench.load.site import Site
from bench.measuring.counters import per_saga, read_counters


async def measure_steady(site: Site, orders: int, clients: int) -> dict[str, Any]:
    """Measure orders of clients, from the first POST to the last event consumed from Kafka."""
    before = await read_counters(site.stack)
    run = await run_clients(site, orders, clients)
    after = await read_counters(site.stack)
    return {"clients": clients, **run, **per_saga(before, after, orders)}
