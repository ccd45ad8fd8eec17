"""One measured load on a site: rate, latencies and CPU time."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bench.load.clients import Post, post_at_rate, post_by_clients
from bench.load.site import OURS, Site
from bench.measuring.percentiles import latencies
from bench.measuring.usage import Usage, usage_between

Started = Mapping[str, float]


async def run_clients(site: Site, orders: int, clients: int) -> dict[str, Any]:
    """Measure orders of clients, from the first POST to the last event consumed from Kafka."""
    return await _run(site, lambda post: post_by_clients(post, orders, clients))


async def run_at_rate(site: Site, orders: int, rate: float) -> dict[str, Any]:
    """Measure orders at an even pace, each from when its POST was due until its event."""
    return await _run(site, lambda post: post_at_rate(post, orders, rate))


async def _run(site: Site, load: Callable[[Post], Awaitable[Started]]) -> dict[str, Any]:
    before = site.read_usage()
    started = await load(site.post)
    await site.outcomes.wait_for_ends(started)
    usage = usage_between(before, site.read_usage())
    ends = {order: site.outcomes.ended_at(order) for order in started}
    return {
        "orders": len(started),
        "sagas_per_s": len(started) / (max(ends.values()) - min(started.values())),
        **cost(usage, len(started)),
        **latencies([ends[order] - at for order, at in started.items()]),
    }


def cost(usage: Usage, sagas: int) -> dict[str, Any]:
    """Return what a saga cost: our services, the whole stack and each component."""
    return {
        "cpu_ms_per_saga": usage.per_saga(sagas, OURS),
        "cpu_ms_per_saga_whole_stack": usage.per_saga(sagas, usage.cpu),
        "cpu_ms_per_saga_by_component": {name: usage.per_saga(sagas, [name]) for name in usage.cpu},
        "driver_cpu_ms_per_saga": usage.driver * 1000 / sagas,
        "foreign_cores": usage.foreign_cores,
    }
