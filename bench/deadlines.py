"""How late a deadline fires, and what it costs: `make bench-deadlines`.

The orchestrator runs alone on a fresh local stack: nobody answers, so that the time of every order
passes. Orders are posted at an even pace, and their deadlines come due at the same pace; first
with one replica, then with two. Late is what lies between the moment when a deadline was due and
the line in the order's history, both by the database's clock.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil
import psycopg2
from rich.console import Console
from rich.table import Table
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

RESULTS: Final = Path(__file__).parent / "results" / "deadlines.json"
ORDER: Final = {"clerk_user_id": "user_1", "amount": 1299, "description": "Pizza"}
QUIET_SECONDS: Final = 9.0  # after the last post and before the first deadline
SETTLING_SECONDS: Final = 4.0  # of those, until what was posted is sent
LIMIT_SECONDS: Final = 120.0
LATE: Final = """
    SELECT extract(epoch FROM fired.received_at - sent.sent_at)::float - %s
    FROM inbox fired JOIN outbox sent USING (correlation_id)
    WHERE fired.type = 'deadline_passed' AND sent.type = 'retrieve_payment_info'
    ORDER BY fired.received_at DESC LIMIT %s
"""


async def main(orders: int, seconds: float) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        environment = {
            "PAYMENT_INFO_TIMEOUT_SECONDS": str(seconds + QUIET_SECONDS),
            "LOG_LEVEL": "ERROR",
        }
        alone = StackSettings(
            data_dir=Path(folder) / "first",
            services=("order_saga",),
            stripe_api_base="http://127.0.0.1:1",  # nobody asks Stripe here
            service_env=environment,
        )
        with Stack(alone) as first:
            one = await measure([first], orders, seconds)
            joining = StackSettings(
                data_dir=Path(folder) / "second",
                services=("order_saga",),
                stripe_api_base=alone.stripe_api_base,
                kafka_bootstrap=first.kafka_bootstrap,
                database_urls=first.database_urls,
                service_env=environment,
            )
            with Stack(joining) as second:
                two = await measure([first, second], orders, seconds)
    return {"1 replica": one, "2 replicas": two}


async def measure(replicas: list[Stack], orders: int, seconds: float) -> dict[str, float]:
    fired_before = fired(replicas[0])
    await post_orders(replicas, orders, seconds)
    await asyncio.sleep(SETTLING_SECONDS)
    quiet = Usage(replicas)
    await asyncio.sleep(QUIET_SECONDS - SETTLING_SECONDS - 1)
    idle = quiet.seconds() / quiet.elapsed()
    busy = Usage(replicas)
    async with asyncio.timeout(LIMIT_SECONDS):
        while fired(replicas[0]) < fired_before + orders:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
    cpu = busy.seconds() - idle * busy.elapsed()
    late = sorted(
        row[0] * 1000 for row in query(replicas[0], LATE, (seconds + QUIET_SECONDS, orders))
    )
    hundredths = statistics.quantiles(late, n=100)
    return {
        "deadlines": orders,
        "due_per_s": orders / seconds,
        "late_p50_ms": hundredths[49],
        "late_p99_ms": hundredths[98],
        "late_max_ms": late[-1],
        "cpu_ms_per_deadline": cpu * 1000 / orders,
        "cpu_percent_idle": idle * 100,
    }


async def post_orders(replicas: list[Stack], orders: int, seconds: float) -> None:
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        start = time.perf_counter()
        for number in range(orders):
            url = f"{replicas[number % len(replicas)].orders_url}/orders"
            group.create_task(post_order(http, url))
            await asyncio.sleep(max(0, start + number * seconds / orders - time.perf_counter()))


async def post_order(http: aiohttp.ClientSession, url: str) -> None:
    async with http.post(url, json=ORDER) as response:
        response.raise_for_status()


class Usage:
    """The CPU time of all replicas since it was made."""

    def __init__(self, replicas: list[Stack]) -> None:
        self._processes = [psutil.Process(replica.pid("order_saga")) for replica in replicas]
        self._start, self._used = time.perf_counter(), self._now()

    def seconds(self) -> float:
        return self._now() - self._used

    def elapsed(self) -> float:
        return time.perf_counter() - self._start

    def _now(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes)


def fired(stack: Stack) -> int:
    return query(stack, "SELECT count(*) FROM inbox WHERE type = 'deadline_passed'")[0][0]


def query(stack: Stack, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    url = stack.database_urls["order_saga"].replace("postgresql+psycopg2", "postgresql")
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
    finally:
        connection.close()


def show(results: dict[str, dict[str, float]]) -> None:
    table = Table("what", *results)
    for name in next(iter(results.values())):
        table.add_row(name, *(f"{measured[name]:,.2f}" for measured in results.values()))
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=4.0, help="over which they come due")
    arguments = parser.parse_args()
    measured = asyncio.run(main(arguments.orders, arguments.seconds))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(measured, indent=2) + "\n")
    show(measured)
