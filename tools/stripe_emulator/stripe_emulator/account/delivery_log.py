"""What became of every attempt to deliver an event: the newest attempts, and counts."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from stripe_emulator.wire.json import JsonObject

Outcome: TypeAlias = Literal["delivered", "retried", "failed", "lost", "repeated"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver an event.

    Attributes:
        at: when it ended, in seconds since 1970 of the emulator's clock.
        attempt: its number, from 1; of one that a fault lost, 0.
        outcome: `repeated` is the second time of an event that is delivered twice; a delivery
            that `failed` is given up.
        status: of the receiver's answer; None when there was none.
        error: what went wrong.
        next_attempt_at: when it is tried again.
        fault: the kind of the fault that hit it.
    """

    event: str
    type: str
    endpoint: str
    url: str
    at: int
    attempt: int
    outcome: Outcome
    status: int | None = None
    error: str | None = None
    next_attempt_at: int | None = None
    fault: str | None = None


class DeliveryLog:
    """The newest attempts up to a limit, and how many there were of each outcome.

    Args:
        size: how many attempts are kept.
    """

    def __init__(self, size: int) -> None:
        self._attempts: deque[Attempt] = deque(maxlen=size)
        self._counts: Counter[tuple[str, Outcome]] = Counter()

    def add(self, attempt: Attempt) -> None:
        """Enter an attempt."""
        self._attempts.append(attempt)
        self._counts[attempt.endpoint, attempt.outcome] += 1

    def count(self, endpoint_id: str, outcome: Outcome) -> int:
        """How many attempts on an endpoint ended so, those that are forgotten included."""
        return self._counts[endpoint_id, outcome]

    def newest_first(self) -> list[JsonObject]:
        """All attempts that are kept."""
        return [asdict(attempt) for attempt in reversed(self._attempts)]
