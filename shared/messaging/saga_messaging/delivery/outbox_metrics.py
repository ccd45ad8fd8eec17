"""Prometheus metrics of the outbox, by topic without the prefix of the system."""

from collections.abc import Collection
from typing import Final

from prometheus_client import Counter, Gauge

PARKED: Final = Gauge(
    "saga_outbox_parked_records",
    "Records that Kafka refused and that wait for an operator, of every replica.",
    ["topic"],
)
WAITING: Final = Gauge(
    "saga_outbox_topic_waiting",
    "1 while records of the topic wait because Kafka does not accept them, else 0.",
    ["topic"],
)
REFUSED: Final = Counter(
    "saga_outbox_refused_records_total",
    "Records that Kafka refused in this process since its start.",
    ["topic"],
)


def know_waiting(topics: Collection[str], waiting: Collection[str]) -> None:
    """Set which of the topics wait."""
    for topic in topics:
        WAITING.labels(topic).set(topic in waiting)
