"""The durations of a saga's steps, read from its history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

ORDER_EVENT_PREFIX = "order."


def step_milliseconds(history: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the time from each command to the next received message, by the command's type.

    A step without a reply is omitted. For a step that was sent again, the last attempt counts.

    Args:
        history: The entries as the order service returns them, oldest first.
    """
    durations: dict[str, float] = {}
    pending: tuple[str, datetime] | None = None
    for entry in history:
        at = datetime.fromisoformat(entry["at"])
        if entry["direction"] == "out" and not entry["type"].startswith(ORDER_EVENT_PREFIX):
            pending = (entry["type"], at)
        elif entry["direction"] == "in" and pending:
            durations[pending[0]] = (at - pending[1]).total_seconds() * 1000
            pending = None
    return durations


def total_milliseconds(order: dict[str, Any]) -> float:
    """Return the time from the order's creation to its last change."""
    created = datetime.fromisoformat(order["created_at"])
    updated = datetime.fromisoformat(order["updated_at"])
    return (updated - created).total_seconds() * 1000
