"""The faults that are armed: which request each hits, and a log of those that hit."""

import random
from collections import Counter, deque
from collections.abc import Hashable, Sequence

from stripe_emulator.faults.fault import WEBHOOK, Fault, RateLimitReason
from stripe_emulator.faults.rate_limit import RateLimit, RateLimiter
from stripe_emulator.settings import Settings
from stripe_emulator.wire.json import JsonObject


class ArmedFault:
    """A fault that waits for its calls.

    Args:
        fault_id: what the log calls it.
        fault: what to do, and to which calls.
        stream: where the fault's own chance comes from.
    """

    def __init__(self, fault_id: int, fault: Fault, stream: random.Random) -> None:
        self.id = fault_id
        self.fault = fault
        self.calls = 0
        self.hits = 0
        self._stream = stream

    def wants(self) -> bool:
        """Count one more call, and say whether the fault is due."""
        self.calls += 1
        fault = self.fault
        if fault.calls is not None:
            return self.calls in fault.calls
        chance = fault.probability is None or self._stream.random() < fault.probability
        return chance and self.calls > fault.skip

    @property
    def spent(self) -> bool:
        """Whether it can never hit again."""
        if self.fault.calls is not None:
            return self.calls >= max(self.fault.calls)
        return self.hits == self.fault.count

    def as_json(self) -> JsonObject:
        """The fault, with how many calls it has seen and hit."""
        seen: JsonObject = {"id": self.id, "calls_seen": self.calls, "hits": self.hits}
        return {**seen, **self.fault.as_json()}


class Faults:
    """What is armed, in the order it was asked for, and a log of what hit.

    It begins with the faults and the rate limit of the settings. A request is hit by one fault
    at most, the first that is due; the others count it as a call all the same. Each fault draws
    its chance for every call, from a stream of its own that the seed, its kind and its endpoint
    make (and its number among those of the same kind and endpoint): arming one shifts no other.

    Args:
        settings: the seed, the scenario, the rate limit, the size of the log.
    """

    def __init__(self, settings: Settings) -> None:
        scenario = settings.scenario
        given = settings.any_seed
        self.seed = random.SystemRandom().getrandbits(32) if given is None else given
        self._armed: list[ArmedFault] = []
        self._log: deque[JsonObject] = deque(maxlen=settings.fault_log_size)
        self._last_id = 0
        self._streams: Counter[str] = Counter()
        self._monotonic = settings.monotonic
        self._limiter: RateLimiter | None = None
        self.limit_rate(settings.any_rate_limit)
        for fault in scenario.faults if scenario else ():
            self.arm(fault)

    @property
    def armed(self) -> Sequence[ArmedFault]:
        """The faults that may hit yet."""
        return tuple(self._armed)

    @property
    def log(self) -> Sequence[JsonObject]:
        """What hit, oldest first, as far back as the log goes."""
        return tuple(self._log)

    @property
    def rate_limit(self) -> RateLimit | None:
        """The limit that is in force; None lets everything pass."""
        return self._limiter.limit if self._limiter else None

    def arm(self, fault: Fault) -> ArmedFault:
        """Arm a fault after those that are armed already."""
        self._last_id += 1
        name = f"{self.seed} {fault.kind} {fault.endpoint}"
        self._streams[name] += 1
        stream = random.Random(f"{name} {self._streams[name]}")  # noqa: S311  # chance, no secret
        armed = ArmedFault(self._last_id, fault, stream)
        self._armed.append(armed)
        return armed

    def clear(self) -> None:
        """Disarm every fault; the log and the rate limit stay."""
        self._armed.clear()

    def limit_rate(self, limit: RateLimit | None) -> None:
        """Set a rate limit, which counts from zero, or take it away."""
        self._limiter = RateLimiter(limit, self._monotonic) if limit else None

    def take(self, method: str, target: str, subject: str | None = None) -> Fault | None:
        """The fault that hits a request, counted and entered into the log; None lets it pass.

        Args:
            method: the request's method, or `WEBHOOK`: only faults of its sort are taken.
            target: the request's path, or the type of the event.
            subject: the request's id, or the event's, for the log.
        """
        if not self._armed:
            return None
        hit: ArmedFault | None = None
        for armed in tuple(self._armed):
            if not armed.fault.matches(method, target):
                continue
            if armed.wants() and hit is None:
                hit = armed
                hit.hits += 1
            if armed.spent:
                self._armed.remove(armed)
        if hit is None:
            return None
        self._record(method, target, subject, hit.fault.kind, hit.calls, fault=hit.id)
        return hit.fault

    def take_rate_limit(
        self, method: str, path: str, request_id: str, endpoint: Hashable
    ) -> RateLimitReason | None:
        """Why the rate limit refuses a request, entered into the log; None lets it pass."""
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
