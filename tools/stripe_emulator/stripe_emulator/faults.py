"""Faults that are asked for: which request they hit, and what goes wrong with it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from stripe_emulator.wire import JsonObject

Kind: TypeAlias = Literal[
    "latency",
    "status_500_before",
    "status_500_after",
    "timeout_after",
    "reset",
    "reset_after",
    "hang",
    "429",
]
_LOG_SIZE = 1_000


@dataclass(slots=True)
class Fault:
    """One fault, for the requests of an endpoint.

    Attributes:
        endpoint: a method and a path, with shell wildcards: `POST /v1/payment_intents*`.
        kind: what happens; the README has the table.
        count: how many requests it hits.
        skip: how many requests of the endpoint pass before the first that it hits.
        seconds: how long `latency`, `timeout_after` and `hang` last.
        kept: whether a 500 is kept under the request's idempotency key.
        code: the error code of a 429, `rate_limit` or `lock_timeout`.
    """

    id: int
    endpoint: str
    kind: Kind
    count: int
    skip: int
    seconds: float
    kept: bool
    code: str


class Faults:
    """The faults that are armed, in the order they were asked for, and a log of those that hit."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._log: deque[JsonObject] = deque(maxlen=_LOG_SIZE)
        self._last_id = 0

    @property
    def armed(self) -> Sequence[Fault]:
        """The faults that have not hit as often as they were asked to."""
        return tuple(self._armed)

    @property
    def log(self) -> Sequence[JsonObject]:
        """The last 1,000 faults that hit, oldest first."""
        return tuple(self._log)

    def next_id(self) -> int:
        """An id for a new fault."""
        self._last_id += 1
        return self._last_id

    def arm(self, fault: Fault) -> None:
        """Arm a fault after those that are armed already."""
        self._armed.append(fault)

    def clear(self) -> None:
        """Disarm every fault; the log stays."""
        self._armed.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, counted down; None lets it pass."""
        if not self._armed:
            return None
        for fault in self._armed:
            if not fnmatchcase(f"{method} {path}", fault.endpoint):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.count -= 1
            if not fault.count:
                self._armed.remove(fault)
            return fault
        return None

    def record(self, fault: Fault, request_id: str, method: str, path: str) -> None:
        """Enter a fault that hit into the log."""
        entry: JsonObject = {"request_id": request_id, "method": method, "path": path}
        self._log.append({**entry, "fault": fault.id, "kind": fault.kind})
