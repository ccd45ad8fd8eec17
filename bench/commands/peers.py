"""Measure Restate and DBOS on the same work: `make bench-peers`.

In each round, our system and each peer are started afresh in turn, and each does the same orders:
by clients, at an even pace, and by clients again with a Stripe that takes 50 ms. Every tenth card
is declined. All use the same PostgreSQL with fsync and the same Stripe emulator. Only the ratios of
one run mean something; `bench/results/peers.json` has their medians and every round.
"""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from bench.measuring.machine import describe_machine
from bench.measuring.report import console, save, show, warn_if_busy
from bench.peers.dbos import Dbos
from bench.peers.install import install_peers
from bench.peers.ours import Ours, open_ours
from bench.peers.peer import Peer, open_peer
from bench.peers.ratios import summarize
from bench.peers.restate import Restate

SLOW_STRIPE_SECONDS: Final = 0.05
WAYS: Final = ("steady", "paced", "slow_stripe")

CONTESTANTS: Final[dict[str, Callable[[], AbstractAsyncContextManager[Ours | Peer]]]] = {
    "ours": open_ours,
    "restate": lambda: open_peer(Restate),
    "dbos": lambda: open_peer(Dbos),
}


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run all rounds; return their medians and each round."""
    machine = describe_machine()
    rounds: list[dict[str, Any]] = []
    for number in range(1, arguments.rounds + 1):
        runs: dict[str, Any] = {}
        for name, open_contestant in CONTESTANTS.items():
            console.print(f"Round {number}: {name}")
            async with open_contestant() as contestant:
                orders = arguments.orders if name == "ours" else arguments.peer_orders
                runs[name] = await measure_turn(contestant, orders, arguments)
        rounds.append(runs)
    return {**summarize(rounds), "machine": machine, "rounds": rounds}


async def measure_turn(
    contestant: Ours | Peer, orders: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Measure one contestant, once in each way."""
    steady = await contestant.run_clients(orders, arguments.clients)
    paced_orders = round(arguments.rate * arguments.rate_seconds)
    paced = await contestant.run_at_rate(paced_orders, arguments.rate)
    await contestant.slow_down_stripe(SLOW_STRIPE_SECONDS)
    slow = await contestant.run_clients(orders, arguments.clients)
    runs = {"steady": steady, "paced": paced, "slow_stripe": slow}
    return {**runs, "postgres": contestant.durability()}


def print_all(measured: dict[str, Any]) -> None:
    """Print the runs of each round, and the ratios."""
    for number, runs in enumerate(measured["rounds"], 1):
        for way in WAYS:
            columns = {name: runs[name][way] for name in runs}
            show(columns, f"round {number}, {way}")
    busiest = max(
        run["foreign_cores"]
        for runs in measured["rounds"]
        for contestant in runs.values()
        for run in (contestant[way] for way in WAYS)
    )
    numbers = {name: value for name, value in measured.items() if isinstance(value, float)}
    show({"median": numbers}, "ratios")
    warn_if_busy(busiest)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="rounds, each with all contestants in turn")
    add("--clients", type=int, default=64, help="clients")
    add("--orders", type=int, default=4000, help="our orders by clients")
    add("--peer-orders", type=int, default=1000, help="a peer's orders by clients")
    add("--rate", type=float, default=10.0, help="orders a second at an even pace")
    add("--rate-seconds", type=float, default=20.0, help="time at an even pace")
    return parser.parse_args()


if __name__ == "__main__":
    options = read_arguments()
    install_peers()
    result = asyncio.run(measure(options))
    save("peers.json", result)
    print_all(result)
