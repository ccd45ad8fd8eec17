"""Measure the system under load: `make bench`, or a part of it: `ARGS="--parts steady,rest"`.

All parts run on one fresh local stack: three services, Apache Kafka, PostgreSQL with fsync and the
Stripe emulator. Every tenth card is declined. `bench/results/latest.json` has every number; those
of the steady load are at its top.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bench.load.clients import post_by_clients
from bench.load.orders import register_users, slow_down_stripe
from bench.load.site import NO_ADMISSION, Site, open_site
from bench.measuring.counters import read_durability
from bench.measuring.machine import describe_machine
from bench.measuring.report import console, save, show, warn_if_busy
from bench.parts.backlog import measure_backlog
from bench.parts.ladder import measure_ladder
from bench.parts.lives import measure_lives
from bench.parts.rest import measure_rest
from bench.parts.steady import measure_steady

HEADLINE: Final = ("sagas_per_s", "cpu_ms_per_saga", "p50_ms", "p99_ms", "foreign_cores")

PARTS: Final[dict[str, Callable[[Site, argparse.Namespace], Awaitable[Any]]]] = {
    "steady": lambda site, args: measure_steady(site, args.orders, args.clients),
    "ladder": lambda site, args: measure_ladder(site, args.rates, args.rate_seconds),
    "backlog": lambda site, args: measure_backlog(site, args.backlog_orders, args.clients),
    "rest": lambda site, args: measure_rest(site, args.rest_seconds),
    "lives": lambda site, args: measure_lives(site, args.lives, args.clients),
}


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Start a stack and measure the parts that were asked for."""
    machine = describe_machine()
    replicas = {"payment": arguments.payment_replicas}
    async with open_site(NO_ADMISSION, replicas) as site:
        await register_users(site.http, site.stack, declined=True)
        warm_up = await post_by_clients(site.post, arguments.warm_up_orders, arguments.clients)
        await site.outcomes.wait_for_ends(warm_up)
        if arguments.stripe_seconds:
            await slow_down_stripe(site.http, site.stack.emulator_url, arguments.stripe_seconds)
        parts: dict[str, Any] = {}
        for name in arguments.parts:
            console.print(f"Measuring: {name}")
            parts[name] = await PARTS[name](site, arguments)
        checks = (await site.judge()).require_correct()
        durability = read_durability(site.stack.database_urls["order_saga"])
    steady = parts.get("steady", {})
    headline = {name: steady[name] for name in HEADLINE if name in steady}
    return {
        **headline,
        "stripe_seconds": arguments.stripe_seconds,
        "machine": machine,
        "postgres": durability,
        "checks": checks,
        **parts,
    }


def print_all(measured: dict[str, Any]) -> None:
    """Print a table for each part."""
    machine = measured["machine"]
    console.print(", ".join(f"{name}: {value}" for name, value in machine.items()))
    for name in PARTS:
        part = measured.get(name)
        if isinstance(part, list):
            steps: list[dict[str, Any]] = part
            show({f"{step['offered_per_s']:g}/s": step for step in steps}, name)
            warn_if_busy(max(step["foreign_cores"] for step in steps))
        elif part:
            show({name: part}, name)
            warn_if_busy(part["foreign_cores"])
    show({"orders": measured["checks"]}, "checks")


def names_of_parts(text: str) -> list[str]:
    """Return the parts of a list with commas.

    Raises:
        argparse.ArgumentTypeError: One does not exist.
    """
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(PARTS)}")
    return names


def rates(text: str) -> list[float]:
    """Return the rates of a list with commas."""
    return sorted(float(part) for part in text.split(","))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--parts", type=names_of_parts, default=list(PARTS), help="parts, with commas")
    add("--clients", type=int, default=64, help="clients of the steady load, backlog and lives")
    add("--orders", type=int, default=4000, help="orders of the steady load")
    ladder = [10.0, 50.0, 100.0, 200.0, 400.0, 800.0]
    add("--rates", type=rates, default=ladder, help="orders a second of the ladder, with commas")
    add("--rate-seconds", type=float, default=15.0, help="time at each rate of the ladder")
    add("--backlog-orders", type=int, default=2000, help="orders of the backlog")
    add("--rest-seconds", type=float, default=15.0, help="time at rest")
    add("--lives", type=int, default=1000, help="orders with a whole life")
    add("--warm-up-orders", type=int, default=300, help="orders before the first part")
    add("--payment-replicas", type=int, default=1, help="replicas of the payment service")
    add("--stripe-seconds", type=float, default=0.0, help="Stripe's time for a new PaymentIntent")
    return parser.parse_args()


if __name__ == "__main__":
    result = asyncio.run(measure(read_arguments()))
    save("latest.json", result)
    print_all(result)
