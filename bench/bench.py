"""Measure throughput, latency and cost: `make bench`, or `python bench/bench.py --orders 2000`.

Both measurements run on one fresh local stack. Throughput: the user service is paused while the
orders are posted and then resumed, so that the whole backlog is drained at once. Latency: ten
orders a second, each from before its POST until its `order.authorized` is received from Kafka.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from completions import Completions
from counters import per_saga, read_counters
from load import post_order, post_orders, register_users, slow_down_stripe
from report import save, show
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

ORDERS_PER_SECOND = 10
WARM_UP_ORDERS = 100


async def measure(
    orders: int, latency_seconds: int, payment_replicas: int, stripe_seconds: float
) -> dict[str, Any]:
    """Start a stack and measure throughput and latency; arguments as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        settings = StackSettings(
            data_dir=Path(folder) / "stack",
            replicas={"payment": payment_replicas},
            service_env={
                "KAFKA_SESSION_TIMEOUT_SECONDS": "60",
                "LOG_LEVEL": "WARNING",
                "ADMISSION_MINIMUM": "1000000",  # the backlog is posted while a service is paused
            },
        )
        with Stack(settings) as stack:
            async with (
                aiohttp.ClientSession() as http,
                Completions(stack.kafka_bootstrap) as completions,
            ):
                await register_users(http, stack)
                await completions.wait_for(await post_orders(http, stack, WARM_UP_ORDERS))
                if stripe_seconds:
                    await slow_down_stripe(http, stack, stripe_seconds)
                throughput = await measure_throughput(http, stack, completions, orders)
                latency = await measure_latency(http, stack, completions, latency_seconds)
    return throughput | latency


async def measure_throughput(
    http: aiohttp.ClientSession, stack: Stack, completions: Completions, count: int
) -> dict[str, Any]:
    """Measure how fast a backlog of orders is authorized, and what a saga costs meanwhile."""
    before = await read_counters(http, stack)
    stack.child("user").pause()
    start = time.perf_counter()
    orders = await post_orders(http, stack, count)
    posted = time.perf_counter()
    stack.child("user").resume()
    await completions.wait_for(orders)
    end = max(completions.at[order] for order in orders)
    after = await read_counters(http, stack)
    return {
        "orders": count,
        "sagas_per_s": count / (end - posted),
        "posts_per_s": count / (posted - start),
        **per_saga(before, after, count),
    }


async def measure_latency(
    http: aiohttp.ClientSession, stack: Stack, completions: Completions, seconds: int
) -> dict[str, float]:
    """Measure how long orders take that are posted at an even pace."""
    started: dict[str, float] = {}

    async def post(number: int) -> None:
        at = time.perf_counter()
        started[await post_order(http, stack, number)] = at

    async with asyncio.TaskGroup() as group:
        for number in range(seconds * ORDERS_PER_SECOND):
            group.create_task(post(number))
            await asyncio.sleep(1 / ORDERS_PER_SECOND)
    await completions.wait_for(list(started))
    took = sorted((completions.at[order] - at) * 1000 for order, at in started.items())
    percentiles = statistics.quantiles(took, n=100)
    return {"p50_ms": percentiles[49], "p99_ms": percentiles[98], "max_ms": took[-1]}


def flat(measured: dict[str, Any]) -> dict[str, float]:
    """Return measurements with one name for each number."""
    rows: dict[str, float] = {}
    for name, value in measured.items():
        parts: dict[str, float] = value if isinstance(value, dict) else {"": value}
        rows |= {f"{name} {part}".strip(): number for part, number in parts.items()}
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000, help="orders of the backlog")
    parser.add_argument(
        "--latency-seconds", type=int, default=20, help="how long latency is measured"
    )
    parser.add_argument(
        "--payment-replicas", type=int, default=1, help="replicas of the payment service"
    )
    parser.add_argument(
        "--stripe-seconds", type=float, default=0.0, help="Stripe's latency for a new PaymentIntent"
    )
    measured = asyncio.run(measure(**vars(parser.parse_args())))
    save("latest.json", measured)
    show({"measured": flat(measured)})
