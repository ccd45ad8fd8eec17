"""Measure goodput under overload: `make bench-overload`, or with `ARGS="--scale 1"` at full length.

On a fresh local stack, Stripe takes 0.7 s for a new PaymentIntent, and the payment service makes
few calls at a time: so Stripe is the bottleneck, and not this machine. Orders are offered at an
even pace, whatever becomes of them: at capacity, at twice and at four times that, then as a burst
of four times the capacity that is followed by 65% of it. The goodput is the number of orders
authorized a second. Time-outs and phases are scaled together.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from bench.load.orders import order_body, register_users, slow_down_stripe
from bench.load.site import Site, open_site
from bench.measuring.report import save, show
from bench.measuring.resources import Probe

STRIPE_SECONDS: Final = 0.7
CONCURRENCY: Final = 6
CAPACITY: Final = CONCURRENCY / STRIPE_SECONDS
TIMEOUT_SECONDS: Final = 60.0
PHASE_SECONDS: Final = 150.0
BURST_SECONDS: Final = 60.0
AFTER_SECONDS: Final = 150.0
RECOVERY_LIMIT_SECONDS: Final = 60.0
POST_LIMIT_SECONDS: Final = 30.0
CONNECTIONS: Final = 200


@dataclass
class Offered:
    """The responses to the orders of a phase.

    Attributes:
        accepted: The ids of the orders that were accepted.
        refused: How many got 503 with `Retry-After`.
        failed: How many got another response, or none.
    """

    accepted: list[str]
    refused: int = 0
    failed: int = 0


async def offer(site: Site, rate: float, seconds: float) -> Offered:
    """Post orders at an even pace, without waiting for the responses of earlier ones."""
    offered, start = Offered([]), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            group.create_task(_post(site, number, offered))
            await asyncio.sleep(max(0.0, start + (number + 1) / rate - time.perf_counter()))
    return offered


async def _post(site: Site, number: int, offered: Offered) -> None:
    url = f"{site.stack.orders_url}/orders"
    try:
        async with site.http.post(url, json=order_body(number)) as response:
            body = await response.json()
            if response.status == 202:  # noqa: PLR2004 - accepted
                offered.accepted.append(body["id"])
            elif response.status == 503 and "Retry-After" in response.headers:  # noqa: PLR2004
                offered.refused += 1
            else:
                offered.failed += 1
    except (aiohttp.ClientError, TimeoutError):
        offered.failed += 1


async def phase(site: Site, factor: float, seconds: float) -> dict[str, float]:
    """Offer a multiple of the capacity; measure the goodput once the rate is steady."""
    start = time.perf_counter()
    offered = await offer(site, factor * CAPACITY, seconds)
    goodput = site.outcomes.rate(start + seconds / 3, start + seconds)
    await site.outcomes.wait_for_ends(offered.accepted)
    return {"goodput_per_s": goodput, **_summary(offered, site)}


async def burst(site: Site, scale: float) -> dict[str, float]:
    """Offer a burst, then 65% of the capacity; measure when the goodput is what is offered."""
    await offer(site, 4 * CAPACITY, BURST_SECONDS * scale)
    end, steady = time.perf_counter(), 0.65 * CAPACITY
    offered = await offer(site, steady, AFTER_SECONDS * scale)
    last, step = time.perf_counter(), 5.0
    starts = [end + step * number for number in range(int((last - end) / step))]
    good = [site.outcomes.rate(at, at + step) >= 0.9 * steady for at in starts]
    misses = [number for number, reached in enumerate(good) if not reached]
    await site.outcomes.wait_for_ends(offered.accepted)
    return {
        "goodput_per_s": site.outcomes.rate((end + last) / 2, last),
        "offered_per_s": steady,
        "recovered_after_s": step * (misses[-1] + 1) if misses else 0.0,
        **_summary(offered, site),
    }


def _summary(offered: Offered, site: Site) -> dict[str, float]:
    done = sum(map(site.outcomes.authorized, offered.accepted))
    return {
        "accepted": len(offered.accepted),
        "refused": offered.refused,
        "failed_requests": offered.failed,
        "accepted_and_authorized_percent": 100 * done / max(1, len(offered.accepted)),
    }


async def measure(scale: float) -> dict[str, Any]:
    """Start a stack and run all phases."""
    timeout = str(TIMEOUT_SECONDS * scale)
    environment = {
        "EXECUTOR_CONCURRENCY": str(CONCURRENCY),
        "PAYMENT_INFO_TIMEOUT_SECONDS": timeout,
        "AUTHORIZATION_TIMEOUT_SECONDS": timeout,
        "SETTLEMENT_TIMEOUT_SECONDS": timeout,
    }
    async with (
        open_site(environment, None, CONNECTIONS, POST_LIMIT_SECONDS) as site,
        Probe(site.stack) as probe,
    ):
        await register_users(site.http, site.stack)
        await slow_down_stripe(site.http, site.stack.emulator_url, STRIPE_SECONDS)
        await phase(site, 0.5, 10)  # warm up
        seconds = PHASE_SECONDS * scale
        measured = {
            f"{factor} x capacity": await phase(site, factor, seconds) for factor in (1, 2, 4)
        }
        measured["after a burst"] = await burst(site, scale)
        return {"scale": scale, "phases": measured, "processes": probe.largest()}


def verdict(measured: dict[str, Any]) -> list[str]:
    """Return what was promised and not met."""
    phases, processes = measured["phases"], measured["processes"]
    reference = phases["1 x capacity"]["goodput_per_s"]
    problems = [
        f"goodput at {name}: {phases[name]['goodput_per_s']:.2f}/s is less than 90% of "
        f"{reference:.2f}/s"
        for name in ("2 x capacity", "4 x capacity")
        if phases[name]["goodput_per_s"] < 0.9 * reference
    ]
    recovered = phases["after a burst"]["recovered_after_s"]
    if recovered > RECOVERY_LIMIT_SECONDS * measured["scale"]:
        problems.append(f"full goodput only {recovered:.0f} s after the burst")
    if processes["healthz_max_s"] >= 1:
        problems.append(f"/healthz took {processes['healthz_max_s']:.1f} s")
    return problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=0.33, help="1: time-outs of 60 s and phases of 150 s"
    )
    result = asyncio.run(measure(parser.parse_args().scale))
    save("overload.json", result)
    columns = result["phases"]
    every = list(columns["after a burst"])
    show({name: {row: values.get(row, 0.0) for row in every} for name, values in columns.items()})
    show({"processes": result["processes"]})
    if failures := verdict(result):
        raise SystemExit("; ".join(failures))
