"""Measure whether a million finished orders cost anything: `make bench-flat`.

On a fresh local stack, new orders, queries and rest are measured first with few orders in the
tables, and again after SQL has added finished orders. `bench/results/flat.json` has both, and the
ratios: after over before.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import Engine, create_engine

from bench.data.finished_orders import TABLES, add_copies, finish_orders, keep_templates
from bench.load.clients import post_by_clients
from bench.load.orders import register_users
from bench.load.run import run_at_rate, run_clients
from bench.load.site import NO_ADMISSION, Site, open_site
from bench.measuring.machine import describe_machine
from bench.measuring.queries import measure_queries
from bench.measuring.report import console, flat, save, show, warn_if_busy
from bench.measuring.usage import usage_between
from bench.parts.rest import measure_rest

AGE_DAYS: Final = 30
"""Too young for retention, which searches for older ones meanwhile."""

WARM_UP_ORDERS: Final = 300
PARTS: Final = ("steady", "paced", "rest")


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Start a stack and measure before and after the finished orders."""
    machine = describe_machine()
    async with open_site(NO_ADMISSION) as site:
        await register_users(site.http, site.stack, declined=True)
        await finish_orders(site)
        await for_each_service(site, keep_templates)
        warm_up = await post_by_clients(site.post, WARM_UP_ORDERS, arguments.clients)
        await site.outcomes.wait_for_ends(warm_up)
        console.print("Measuring with few orders")
        before = await measure_once(site, arguments)
        start = site.read_usage()
        add = partial(add_copies, count=arguments.finished_orders, age_days=AGE_DAYS)
        await for_each_service(site, add)
        adding = usage_between(start, site.read_usage())
        console.print(
            f"Added {arguments.finished_orders} finished orders in {adding.seconds:.1f} s"
        )
        after = await measure_once(site, arguments)
        checks = (await site.judge()).require_correct()
    return {
        "finished_orders": arguments.finished_orders,
        "adding_s": adding.seconds,
        "adding_postgres_cpu_s": adding.cpu["postgres"],
        "machine": machine,
        "checks": checks,
        "ratios": ratios(before, after),
        "before": before,
        "after": after,
    }


async def for_each_service(site: Site, work: Callable[[Engine, str], None]) -> None:
    """Do work in the databases of both services that keep orders, at once."""

    def run(service: str) -> None:
        engine = create_engine(site.stack.database_urls[service])
        work(engine, service)
        engine.dispose()

    await asyncio.gather(*(asyncio.to_thread(run, service) for service in TABLES))


async def measure_once(site: Site, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure new orders, queries and rest with the orders that are in the tables now."""
    paced_orders = round(arguments.rate * arguments.rate_seconds)
    steady = await run_clients(site, arguments.orders, arguments.clients)
    return {
        "steady": steady,
        "paced": await run_at_rate(site, paced_orders, arguments.rate),
        "rest": await measure_rest(site, arguments.rest_seconds),
        "queries_ms": await measure_queries(site.http, site.stack, site.accepted[0]),
    }


def ratios(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """Return each number after over the same number before, where that is above 0."""
    first, second = flat(before), flat(after)
    return {name: second[name] / value for name, value in first.items() if value > 0}


def print_all(measured: dict[str, Any]) -> None:
    """Print the numbers before and after, and their ratios."""
    before, after = measured["before"], measured["after"]
    columns = {"before": before, "after": after, "after / before": measured["ratios"]}
    show(columns, f"{measured['finished_orders']} finished orders")
    warn_if_busy(max(each[part]["foreign_cores"] for each in (before, after) for part in PARTS))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--finished-orders", type=int, default=1_000_000, help="finished orders to add")
    add("--clients", type=int, default=64, help="clients")
    add("--orders", type=int, default=4000, help="orders by clients")
    add("--rate", type=float, default=10.0, help="orders a second at an even pace")
    add("--rate-seconds", type=float, default=20.0, help="time at an even pace")
    add("--rest-seconds", type=float, default=15.0, help="time at rest")
    return parser.parse_args()


if __name__ == "__main__":
    result = asyncio.run(measure(read_arguments()))
    save("flat.json", result)
    print_all(result)
