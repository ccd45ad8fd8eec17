"""The log of delivery attempts: the newest attempts, and counts by outcome."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from stripe_emulator.wire.json import JsonObject

DeliveryOutcome: TypeAlias = Literal["delivered", "retried", "failed", "lost", "repeated"]


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver an event.

    Attributes:
        event: The event's id.
        type: The event's type.
        endpoint: The webhook endpoint's id.
        url: The endpoint's URL.
        at: The end of the attempt, in seconds since 1970 on the emulator's clock.
        attempt: The number of the attempt, from 1; 0 if a fault dropped the event.
        outcome: `repeated` is the second delivery of an event that a fault delivers twice;
            after `failed` no attempt follows.
        status: The status of the receiver's response; None without a response.
        error: The reason of a failure.
        next_attempt_at: The time of the next attempt, in seconds since 1970.
        fault: The kind of the fault that was injected.
    """

    event: str
    type: str
    endpoint: str
    url: str
    at: int
    attempt: int
    outcome: DeliveryOutcome
    status: int | None = None
    error: str | None = None
    next_attempt_at: int | None = None
    fault: str | None = None


class DeliveryLog:
    """The newest attempts up to a limit, and the number of attempts per outcome.

    Args:
        size: The number of attempts to keep.
    """

    def __init__(self, size: int) -> None:
        self._attempts: deque[DeliveryAttempt] = deque(maxlen=size)
        self._counts: Counter[tuple[str, DeliveryOutcome]] = Counter()

    def add(self, attempt: DeliveryAttempt) -> None:
        """Add an attempt."""
        self._attempts.append(attempt)
        self._counts[attempt.endpoint, attempt.outcome] += 1

    def count(self, endpoint_id: str, outcome: DeliveryOutcome) -> int:
        """Return the number of attempts with this outcome, including those no longer kept."""
        return self._counts[endpoint_id, outcome]

    def newest_first(self) -> list[JsonObject]:
        """Return the kept attempts, newest first."""
        return [asdict(attempt) for attempt in reversed(self._attempts)]
