"""How long each step of a saga took, read from its history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

ANNOUNCEMENTS = "order."


def step_milliseconds(history: Sequence[dict[str, Any]]) -> dict[str, float]:
    """From each command sent to the next message that came in, by the command's type.

    The history is oldest first, as the order service gives it.

    A step without an answer is left out; of a step that was sent again, the last attempt counts.
    """
    took: dict[str, float] = {}
    waiting: tuple[str, datetime] | None = None
    for entry in history:
        at = datetime.fromisoformat(entry["at"])
        if entry["direction"] == "out" and not entry["type"].startswith(ANNOUNCEMENTS):
            waiting = (entry["type"], at)
        elif entry["direction"] == "in" and waiting:
            took[waiting[0]] = (at - waiting[1]).total_seconds() * 1000
            waiting = None
    return took


def total_milliseconds(order: dict[str, Any]) -> float:
    """From the order's creation to its last change."""
    created = datetime.fromisoformat(order["created_at"])
    updated = datetime.fromisoformat(order["updated_at"])
    return (updated - created).total_seconds() * 1000
