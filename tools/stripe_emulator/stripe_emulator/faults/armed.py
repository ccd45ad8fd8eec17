"""The armed faults, the rate limit, and a log of the injected faults."""

import random
import time
from collections import Counter, deque
from collections.abc import Hashable, Iterable, Sequence

from stripe_emulator.faults.fault import WEBHOOK, Fault, RateLimitReason
from stripe_emulator.faults.rate_limit import Monotonic, RateLimit, RateLimiter
from stripe_emulator.wire.json import JsonObject


class ArmedFault:
    """An armed fault, which counts its calls and hits.

    Args:
        fault_id: The id of the fault in the log.
        fault: The fault.
        stream: The fault's own source of random numbers.
    """

    def __init__(self, fault_id: int, fault: Fault, stream: random.Random) -> None:
        self.id = fault_id
        self.fault = fault
        self.calls = 0
        self.hits = 0
        self._stream = stream

    def count_call(self) -> bool:
        """Count a call and return True if the fault applies to it."""
        self.calls += 1
        fault = self.fault
        if fault.calls is not None:
            return self.calls in fault.calls
        chance = fault.probability is None or self._stream.random() < fault.probability
        return chance and self.calls > fault.skip

    @property
    def exhausted(self) -> bool:
        """True if the fault applies to no further call."""
        if self.fault.calls is not None:
            return self.calls >= max(self.fault.calls)
        return self.hits == self.fault.count

    def as_json(self) -> JsonObject:
        """Return the fault with its numbers of calls and hits."""
        seen: JsonObject = {"id": self.id, "calls_seen": self.calls, "hits": self.hits}
        return {**seen, **self.fault.as_json()}


class ArmedFaults:
    """The armed faults, in the order in which they were armed, and the log of their hits.

    At most one fault is injected into a request, the first that applies; the others count the
    request as a call nevertheless. Each fault draws a random number per call from its own stream,
    whose seed is made of `seed`, its kind, its endpoint and its number among faults of the same
    kind and endpoint; arming a fault therefore does not affect another.

    Args:
        faults: The faults to arm first.
        seed: The seed of the random numbers; None takes one from the system.
        rate_limit: The rate limit; None is unlimited.
        log_size: The number of hits to keep.
        monotonic: A monotonic clock in seconds, for the rate limit.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        seed: int | None = None,
        rate_limit: RateLimit | None = None,
        log_size: int = 1_000,
        *,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        self._armed: list[ArmedFault] = []
        self._log: deque[JsonObject] = deque(maxlen=log_size)
        self._last_id = 0
        self._streams: Counter[str] = Counter()
        self._monotonic = monotonic
        self._limiter: RateLimiter | None = None
        self.limit_rate(rate_limit)
        for fault in faults:
            self.arm(fault)

    @property
    def armed(self) -> Sequence[ArmedFault]:
        """The armed faults."""
        return tuple(self._armed)

    @property
    def log(self) -> Sequence[JsonObject]:
        """The injected faults and refused requests, oldest first, up to the size of the log."""
        return tuple(self._log)

    @property
    def rate_limit(self) -> RateLimit | None:
        """The current rate limit; None is unlimited."""
        return self._limiter.limit if self._limiter else None

    def arm(self, fault: Fault) -> ArmedFault:
        """Arm a fault, after those armed before."""
        self._last_id += 1
        name = f"{self.seed} {fault.kind} {fault.endpoint}"
        self._streams[name] += 1
        stream = random.Random(f"{name} {self._streams[name]}")  # noqa: S311  # not a secret
        armed = ArmedFault(self._last_id, fault, stream)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        """Disarm every fault; the log and the rate limit are kept."""
        self._armed.clear()

    def limit_rate(self, limit: RateLimit | None) -> None:
        """Set a rate limit, whose count starts at zero, or remove it."""
        self._limiter = RateLimiter(limit, self._monotonic) if limit else None

    def take(self, method: str, target: str, subject: str | None = None) -> Fault | None:
        """Return the fault to inject into a request, counted and logged, or None.

        Args:
            method: The request's method, or `WEBHOOK` for an event.
            target: The request's path, or the event's type.
            subject: The request's or the event's id, for the log.
        """
        if not self._armed:
            return None
        hit: ArmedFault | None = None
        for armed in tuple(self._armed):
            if not armed.fault.matches(method, target):
                continue
            if armed.count_call() and hit is None:
                hit = armed
                hit.hits += 1
            if armed.exhausted:
                self._armed.remove(armed)
        if hit is None:
            return None
        self._record(method, target, subject, hit.fault.kind, hit.calls, fault=hit.id)
        return hit.fault

    def take_rate_limit(
        self, method: str, path: str, request_id: str, endpoint: Hashable
    ) -> RateLimitReason | None:
        """Return the reason of the rate limit to refuse a request, logged, or None."""
        limiter = self._limiter
        if limiter is None:
            return None
        reason = limiter.refusal(endpoint)
        if reason is not None:
            self._record(method, path, request_id, "rate_limit", limiter.calls, reason=reason)
        return reason

    def _record(
        self,
        method: str,
        target: str,
        subject: str | None,
        kind: str,
        call: int,
        **details: object,
    ) -> None:
        self._log.append(
            {
                "event_id" if method == WEBHOOK else "request_id": subject,
                "endpoint": f"{method} {target}",
                "kind": kind,
                "call": call,
                **details,
            }
        )
