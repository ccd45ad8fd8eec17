"""Counters of a local stack: database transactions and messages."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import psycopg2
from aiokafka import AIOKafkaConsumer, TopicPartition
from saga_schemas.topics import TOPICS
from saga_stack.stack import Stack

DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit", "wal_sync_method")


@dataclass(frozen=True)
class Counters:
    """The counters of a stack at one moment.

    Attributes:
        transactions: The commits in all databases.
        messages: The messages in all topics.
    """

    transactions: int
    messages: int


async def read_counters(stack: Stack) -> Counters:
    """Read every counter of a stack."""
    return Counters(
        transactions=sum(_commits(url) for url in stack.database_urls.values()),
        messages=await _count_messages(stack.kafka_bootstrap, stack.settings.partitions),
    )


def per_saga(before: Counters, after: Counters, sagas: int) -> dict[str, float]:
    """Return how much of each one saga needed on average between two readings."""
    return {
        "transactions_per_saga": (after.transactions - before.transactions) / sagas,
        "messages_per_saga": (after.messages - before.messages) / sagas,
    }


def read_durability(url: str) -> dict[str, str]:
    """Return the settings of PostgreSQL that decide what survives a power failure."""
    rows = _query(url, "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [*DURABILITY])
    return dict(rows)


def _commits(url: str) -> int:
    _query(url, "SELECT pg_stat_clear_snapshot()")
    statement = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    return _query(url, statement)[0][0]


def _query(url: str, statement: str, *values: list[str]) -> list[tuple[Any, ...]]:
    address = url.replace("postgresql+psycopg2", "postgresql")
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


async def _count_messages(bootstrap: str, partitions: int) -> int:
    everything = [TopicPartition(topic.name, n) for topic in TOPICS for n in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(everything)).values())
    finally:
        await consumer.stop()
