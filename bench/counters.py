"""Counters of a local stack: CPU time, database transactions, messages, PaymentIntents."""

from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil
import psycopg2
from aiokafka import AIOKafkaConsumer, TopicPartition
from saga_schemas.topics import TOPICS
from saga_stack.services import SERVICES
from saga_stack.stack import Stack

PROCESSES = (*SERVICES, "emulator", "kafka", "postgres")


@dataclass(frozen=True)
class Counters:
    """The counters of a stack at one moment.

    Attributes:
        cpu_seconds: The CPU time used so far, by kind of process.
        transactions: The commits in all databases.
        messages: The messages in all topics.
        payment_intents: The PaymentIntents at Stripe.
    """

    cpu_seconds: dict[str, float]
    transactions: int
    messages: int
    payment_intents: int


async def read_counters(http: aiohttp.ClientSession, stack: Stack) -> Counters:
    """Read every counter of a stack."""
    async with http.get(f"{stack.emulator_url}/_emulator/ledger") as response:
        ledger = await response.json()
    return Counters(
        cpu_seconds={name: _cpu_seconds_of_all(stack, name) for name in PROCESSES},
        transactions=sum(_commits(url) for url in stack.database_urls.values()),
        messages=await _count_messages(stack.kafka_bootstrap, stack.settings.partitions),
        payment_intents=len(ledger["payment_intents"]),
    )


def per_saga(before: Counters, after: Counters, sagas: int) -> dict[str, Any]:
    """Return what one saga cost on average between two readings."""
    cpu_ms = {
        name: (after.cpu_seconds[name] - before.cpu_seconds[name]) * 1000 / sagas
        for name in after.cpu_seconds
    }
    return {
        "cpu_ms_per_saga": sum(cpu_ms[name] for name in SERVICES),
        "cpu_ms_per_saga_by_process": cpu_ms,
        "transactions_per_saga": (after.transactions - before.transactions) / sagas,
        "messages_per_saga": (after.messages - before.messages) / sagas,
        "payment_intents_per_saga": (after.payment_intents - before.payment_intents) / sagas,
    }


def _cpu_seconds_of_all(stack: Stack, name: str) -> float:
    servers = stack.settings.servers
    replicas = [part for part in servers if servers[part].name == name]
    return sum(_cpu_seconds(stack.pid(part)) for part in replicas or [name])


def _cpu_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    running = sum(sum(member.cpu_times()[:2]) for member in family)
    return running + sum(process.cpu_times()[2:4])  # and of children that have ended


def _commits(url: str) -> int:
    connection = psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        row = cursor.fetchone()
    connection.close()
    return row[0] if row else 0


async def _count_messages(bootstrap: str, partitions: int) -> int:
    everything = [TopicPartition(topic.name, n) for topic in TOPICS for n in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(everything)).values())
    finally:
        await consumer.stop()
