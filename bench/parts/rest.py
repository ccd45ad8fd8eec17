"""The cost of a system at rest."""

import asyncio
from typing import Any, Final

from bench.load.site import OURS, Site
from bench.measuring.usage import usage_between

SETTLE_SECONDS: Final = 3.0


async def measure_rest(site: Site, seconds: float) -> dict[str, Any]:
    """Measure the cores that a stack without orders uses."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = site.read_usage()
    await asyncio.sleep(seconds)
    usage = usage_between(before, site.read_usage())
    return {
        "cores_whole_stack": usage.of(usage.cpu) / usage.seconds,
        "cores_services": usage.of(OURS) / usage.seconds,
        "cores_by_component": {name: used / usage.seconds for name, used in usage.cpu.items()},
        "foreign_cores": usage.foreign_cores,
    }
