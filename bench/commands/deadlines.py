"""Measure how late deadlines fire and what one costs: `make bench-deadlines`.

The order saga runs on a fresh local stack without the other services, so no command is answered
and the deadline of every order passes. Orders are posted at an even pace, so their deadlines are
due at the same pace; first with one replica, then with two. The delay of a deadline is the time
from when it was due until its line in the order's history, both by the database's clock.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil
import psycopg2
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

from bench.measuring.percentiles import latencies
from bench.measuring.report import save, show

ORDER: Final = {"clerk_user_id": "user_1", "amount": 1299, "description": "Pizza"}
QUIET_SECONDS: Final = 9.0  # after the last post and before the first deadline
SENDING_SECONDS: Final = 4.0  # of those, until every command is sent
LIMIT_SECONDS: Final = 120.0
DELAYS: Final = """
    SELECT extract(epoch FROM fired.received_at - sent.sent_at)::float - %s
    FROM inbox fired JOIN outbox sent USING (correlation_id)
    WHERE fired.type = 'deadline_passed' AND sent.type = 'retrieve_payment_info'
    ORDER BY fired.received_at DESC LIMIT %s
"""


async def measure_replicas(orders: int, seconds: float) -> dict[str, dict[str, float]]:
    """Measure with one replica and with two; arguments as on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        environment = {
            "PAYMENT_INFO_TIMEOUT_SECONDS": str(seconds + QUIET_SECONDS),
            "LOG_LEVEL": "ERROR",
        }
        alone = StackSettings(
            data_dir=Path(folder) / "first",
            services=("order_saga",),
            stripe_api_base="http://127.0.0.1:1",  # not used here
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
    """Post orders to these replicas and measure the delays of their deadlines."""
    fired_before = count_fired(replicas[0])
    await post_orders(replicas, orders, seconds)
    await asyncio.sleep(SENDING_SECONDS)
    quiet = Usage(replicas)
    await asyncio.sleep(QUIET_SECONDS - SENDING_SECONDS - 1)
    idle = quiet.seconds() / quiet.elapsed()
    busy = Usage(replicas)
    async with asyncio.timeout(LIMIT_SECONDS):
        while count_fired(replicas[0]) < fired_before + orders:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    cpu = busy.seconds() - idle * busy.elapsed()
    delays = query(replicas[0], DELAYS, (seconds + QUIET_SECONDS, orders))
    late = latencies([row[0] for row in delays])
    return {
        "deadlines": orders,
        "due_per_s": orders / seconds,
        **{f"late_{name}": delay for name, delay in late.items()},
        "cpu_ms_per_deadline": cpu * 1000 / orders,
        "cpu_percent_idle": idle * 100,
    }


async def post_orders(replicas: list[Stack], orders: int, seconds: float) -> None:
    """Post orders to the replicas in turn, at an even pace."""
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        start = time.perf_counter()
        for number in range(orders):
            url = f"{replicas[number % len(replicas)].orders_url}/orders"
            group.create_task(post_order(http, url))
            await asyncio.sleep(max(0, start + number * seconds / orders - time.perf_counter()))


async def post_order(http: aiohttp.ClientSession, url: str) -> None:
    """Post one order."""
    async with http.post(url, json=ORDER) as response:
        response.raise_for_status()


class Usage:
    """The CPU time that the replicas have used since this object was created."""

    def __init__(self, replicas: list[Stack]) -> None:
        self._processes = [psutil.Process(replica.pid("order_saga")) for replica in replicas]
        self._start, self._used = time.perf_counter(), self._now()

    def seconds(self) -> float:
        """Return the CPU time in seconds."""
        return self._now() - self._used

    def elapsed(self) -> float:
        """Return the elapsed time in seconds."""
        return time.perf_counter() - self._start

    def _now(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes)


def count_fired(stack: Stack) -> int:
    """Return how many deadlines have fired so far."""
    return query(stack, "SELECT count(*) FROM inbox WHERE type = 'deadline_passed'")[0][0]


def query(stack: Stack, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query in the order saga's database."""
    url = stack.database_urls["order_saga"].replace("postgresql+psycopg2", "postgresql")
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
    finally:
        connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000, help="orders of each run")
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="the time within which all deadlines are due"
    )
    arguments = parser.parse_args()
    measured = asyncio.run(measure_replicas(arguments.orders, arguments.seconds))
    save("deadlines.json", measured)
    show(measured)
