"""A backlog: orders that wait for a service which was away."""

import time
from typing import Any

from bench.load.clients import post_by_clients
from bench.load.run import cost
from bench.load.site import Site
from bench.measuring.usage import usage_between


async def measure_backlog(site: Site, orders: int, clients: int) -> dict[str, Any]:
    """Measure how fast orders are completed that were posted while the user service stood still.

    The time runs from when the user service resumes, so everything is processed in full batches:
    this is the recovery after an outage, not a rate under load. The CPU time of posting is counted.
    """
    before = site.read_usage()
    site.stack.child("user").pause()
    try:
        start = time.perf_counter()
        started = await post_by_clients(site.post, orders, clients)
        posted = time.perf_counter()
    finally:
        site.stack.child("user").resume()
    await site.outcomes.wait_for_ends(started)
    usage = usage_between(before, site.read_usage())
    return {
        "orders": orders,
        "posts_per_s": orders / (posted - start),
        "completed_per_s": orders / (max(map(site.outcomes.ended_at, started)) - posted),
        **cost(usage, orders),
    }
