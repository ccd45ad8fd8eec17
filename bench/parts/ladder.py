"""The ladder: higher and higher rates, until the system falls behind."""

from collections.abc import Sequence
from typing import Any, Final

from bench.load.run import run_at_rate
from bench.load.site import Site
from bench.measuring.report import console

DRAIN_SECONDS: Final = 2.0
DRAIN_SHARE: Final = 0.1


def keeps_up(offered_seconds: float, total_seconds: float) -> bool:
    """Return whether the last event came soon after the last order, so that no backlog grew.

    Soon is within a tenth of the time in which orders were offered, or `DRAIN_SECONDS`.
    """
    drain = total_seconds - offered_seconds
    return drain <= max(DRAIN_SECONDS, DRAIN_SHARE * offered_seconds)


async def measure_ladder(
    site: Site, rates: Sequence[float], seconds: float
) -> list[dict[str, Any]]:
    """Offer orders at each rate in turn; stop after the first that is too high.

    Args:
        site: The system.
        rates: Orders a second, in ascending order.
        seconds: How long orders are offered at each rate.
    """
    steps: list[dict[str, Any]] = []
    for rate in rates:
        console.print(f"{rate:g} orders a second")
        orders = max(1, round(rate * seconds))
        run = await run_at_rate(site, orders, rate)
        kept_up = keeps_up(orders / rate, orders / run["sagas_per_s"])
        steps.append({"offered_per_s": rate, "kept_up": kept_up, **run})
        if not kept_up:
            break
    return steps
