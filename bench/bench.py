"""What a saga costs: `make bench`, or `python bench/bench.py --orders 2000`.

Two runs on one fresh local stack. Throughput: the user service is held still while the orders are
posted, then goes on, so that the whole backlog is drained at once. Latency: ten orders a second,
from before the POST until `order.authorized` has come out of Kafka. `--payment-replicas 3` runs
more of them; `--stripe-seconds 0.7` lets Stripe take its time for each PaymentIntent.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil
import psycopg2
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table
from saga_schemas.topics import ORDER_EVENTS, TOPICS
from saga_stack.services import SERVICES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

OUR_SERVICES = tuple(SERVICES)
RESULTS = Path(__file__).parent / "results" / "latest.json"
USERS = 50
POSTS_IN_FLIGHT = 32
LIMIT_SECONDS = 300.0
ORDERS_PER_SECOND = 10


@dataclass
class Readings:
    """Counters of the whole stack at one moment."""

    cpu_seconds: dict[str, float]
    transactions: int
    messages: int
    payment_intents: int


class Completions:
    """When each order's `order.authorized` came out of Kafka."""

    def __init__(self, bootstrap: str) -> None:
        self.at: dict[str, float] = {}
        self._consumer = AIOKafkaConsumer(
            ORDER_EVENTS.name, bootstrap_servers=bootstrap, fetch_max_wait_ms=20
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await self._consumer.stop()

    async def _read(self) -> None:
        async for record in self._consumer:
            message = json.loads(record.value or b"")
            if message["type"] != "order.authorized":
                raise RuntimeError(f"an order was not authorized: {message}")
            self.at[message["correlation_id"]] = time.perf_counter()

    async def wait_for(self, orders: list[str]) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not all(order in self.at for order in orders):
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.05)


async def main(
    orders: int, latency_seconds: int, payment_replicas: int, stripe_seconds: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - PostgreSQL may run as another user
        stack = Stack(
            StackSettings(
                data_dir=Path(folder) / "stack",
                replicas={"payment": payment_replicas},
                service_env={"KAFKA_SESSION_TIMEOUT_SECONDS": "60", "LOG_LEVEL": "WARNING"},
            )
        )
        with stack:
            async with (
                aiohttp.ClientSession() as http,
                Completions(stack.kafka_bootstrap) as completions,
            ):
                await register_users(http, stack)
                await completions.wait_for(await post_orders(http, stack, 100))  # warm up
                if stripe_seconds:
                    await slow_down(http, stack, stripe_seconds)
                throughput = await measure_throughput(http, stack, completions, orders)
                latency = await measure_latency(http, stack, completions, latency_seconds)
    return throughput | latency


async def register_users(http: aiohttp.ClientSession, stack: Stack) -> None:
    for number in range(USERS):
        user = f"{stack.users_url}/users"
        async with http.post(user, json={"clerk_user_id": f"user_{number}"}) as response:
            response.raise_for_status()
        card = {"payment_method_id": "pm_card_visa"}
        async with http.put(f"{user}/user_{number}/card", json=card) as response:
            response.raise_for_status()


async def slow_down(http: aiohttp.ClientSession, stack: Stack, seconds: float) -> None:
    fault = {"kind": "latency", "endpoint": "POST /v1/payment_intents", "seconds": seconds}
    faults = f"{stack.emulator_url}/_emulator/faults"
    async with http.post(faults, json={**fault, "count": 1_000_000}) as response:
        response.raise_for_status()


async def post_orders(http: aiohttp.ClientSession, stack: Stack, count: int) -> list[str]:
    gate = asyncio.Semaphore(POSTS_IN_FLIGHT)

    async def post(number: int) -> str:
        async with gate:
            return await post_order(http, stack, number)

    return await asyncio.gather(*(post(number) for number in range(count)))


async def post_order(http: aiohttp.ClientSession, stack: Stack, number: int) -> str:
    order = {"clerk_user_id": f"user_{number % USERS}", "amount": 1299, "description": "Pizza"}
    async with http.post(f"{stack.orders_url}/orders", json=order) as response:
        response.raise_for_status()
        return (await response.json())["id"]


async def measure_throughput(
    http: aiohttp.ClientSession, stack: Stack, completions: Completions, count: int
) -> dict[str, Any]:
    before = await read(http, stack)
    stack.child("user").pause()
    start = time.perf_counter()
    orders = await post_orders(http, stack, count)
    posted = time.perf_counter()
    stack.child("user").resume()
    await completions.wait_for(orders)
    end = max(completions.at[order] for order in orders)
    after = await read(http, stack)
    cpu = {
        name: (after.cpu_seconds[name] - before.cpu_seconds[name]) * 1000 / count
        for name in after.cpu_seconds
    }
    return {
        "orders": count,
        "sagas_per_s": count / (end - posted),
        "posts_per_s": count / (posted - start),
        "cpu_ms_per_saga": sum(cpu[name] for name in OUR_SERVICES),
        "cpu_ms_per_saga_by_process": cpu,
        "transactions_per_saga": (after.transactions - before.transactions) / count,
        "messages_per_saga": (after.messages - before.messages) / count,
        "payment_intents_per_saga": (after.payment_intents - before.payment_intents) / count,
    }


async def measure_latency(
    http: aiohttp.ClientSession, stack: Stack, completions: Completions, seconds: int
) -> dict[str, Any]:
    started: dict[str, float] = {}

    async def one(number: int) -> None:
        at = time.perf_counter()
        started[await post_order(http, stack, number)] = at

    async with asyncio.TaskGroup() as group:
        for number in range(seconds * ORDERS_PER_SECOND):
            group.create_task(one(number))
            await asyncio.sleep(1 / ORDERS_PER_SECOND)
    await completions.wait_for(list(started))
    took = sorted((completions.at[order] - at) * 1000 for order, at in started.items())
    hundredths = statistics.quantiles(took, n=100)
    return {"p50_ms": hundredths[49], "p99_ms": hundredths[98], "max_ms": took[-1]}


async def read(http: aiohttp.ClientSession, stack: Stack) -> Readings:
    names = [*OUR_SERVICES, "emulator", "kafka", "postgres"]
    servers = stack.settings.servers
    replicas = {name: [part for part in servers if servers[part].name == name] for name in names}
    async with http.get(f"{stack.emulator_url}/_emulator/ledger") as response:
        ledger = await response.json()
    return Readings(
        cpu_seconds={
            name: sum(cpu_seconds(stack.pid(part)) for part in replicas[name] or [name])
            for name in names
        },
        transactions=sum(commits(url) for url in stack.database_urls.values()),
        messages=await count_messages(stack.kafka_bootstrap, stack.settings.partitions),
        payment_intents=len(ledger["payment_intents"]),
    )


def cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    own = sum(sum(member.cpu_times()[:2]) for member in family)
    return own + sum(process.cpu_times()[2:4])  # and of children that have ended


def commits(url: str) -> int:
    connection = psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        row = cursor.fetchone()
    connection.close()
    return row[0] if row else 0


async def count_messages(bootstrap: str, partitions: int) -> int:
    places = [TopicPartition(topic.name, part) for topic in TOPICS for part in range(partitions)]
    async with consumer(bootstrap) as client:
        return sum((await client.end_offsets(places)).values())


@asynccontextmanager
async def consumer(bootstrap: str) -> AsyncGenerator[AIOKafkaConsumer]:
    client = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


def show(results: dict[str, Any]) -> None:
    table = Table("what", "measured")
    for name, value in results.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, number in parts:
            table.add_row(f"{name} {part}".strip(), f"{number:,.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--latency-seconds", type=int, default=20)
    parser.add_argument("--payment-replicas", type=int, default=1)
    parser.add_argument("--stripe-seconds", type=float, default=0.0)
    measured = asyncio.run(main(**vars(parser.parse_args())))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(measured, indent=2) + "\n")
    show(measured)
