"""Stripe's rate limit: so many requests in any second, for the account and for each endpoint.

https://docs.stripe.com/rate-limits
"""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from typing import Final, TypeAlias

from pydantic import BaseModel, PositiveInt

from stripe_emulator.faults.fault import RateLimitReason

Monotonic: TypeAlias = Callable[[], float]

_WINDOW_SECONDS: Final = 1.0


class RateLimit(BaseModel, extra="forbid", strict=True):
    """How many requests pass in any second.

    Attributes:
        per_second: of all together; Stripe's test mode lets 25 pass.
        endpoint_per_second: of each endpoint; `per_second` unless told.
    """

    per_second: PositiveInt
    endpoint_per_second: PositiveInt | None = None


class RateLimiter:
    """Lets requests pass up to a limit; those that it refuses use up nothing.

    Args:
        limit: how many pass.
        monotonic: the seconds that it counts by; a test passes its own.
    """

    def __init__(self, limit: RateLimit, monotonic: Monotonic = time.monotonic) -> None:
        self.limit = limit
        self.calls = 0
        self._monotonic = monotonic
        self._account = _Window(limit.per_second)
        of_each = limit.endpoint_per_second or limit.per_second
        self._endpoints: defaultdict[Hashable, _Window] = defaultdict(lambda: _Window(of_each))

    def refusal(self, endpoint: Hashable) -> RateLimitReason | None:
        """Why the next request of an endpoint is refused; None lets it pass and counts it.

        When both limits are reached, the endpoint's is the reason (unverified).
        """
        self.calls += 1
        now = self._monotonic()
        of_endpoint = self._endpoints[endpoint]
        if of_endpoint.full(now):
            return "endpoint-rate"
        if self._account.full(now):
            return "global-rate"
        of_endpoint.append(now)
        self._account.append(now)
        return None


class _Window(deque[float]):
    """When the last requests passed, as many as may pass in one second."""

    def __init__(self, per_second: int) -> None:
        super().__init__(maxlen=per_second)

    def full(self, now: float) -> bool:
        return len(self) == self.maxlen and now - self[0] < _WINDOW_SECONDS
