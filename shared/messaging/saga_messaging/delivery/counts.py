"""Counters of the messages that were received, published at `/metrics`."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter

MESSAGES: Final = Counter(
    "saga_messages",
    "Messages received since the start of this process, by topic and outcome.",
    ["topic", "outcome"],
)


def count(topic: str, outcomes: Mapping[str, int]) -> None:
    """Add to the counters of a topic, by outcome."""
    for outcome, number in outcomes.items():
        if number:
            MESSAGES.labels(topic, outcome).inc(number)
