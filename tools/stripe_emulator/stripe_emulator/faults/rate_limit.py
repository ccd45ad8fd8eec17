"""Stripe's rate limit: requests per second, of the account and of each endpoint.

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
    """The number of requests allowed in any second.

    Attributes:
        per_second: The limit of all endpoints together; 25 in Stripe's test mode.
        endpoint_per_second: The limit of each endpoint; by default `per_second`.
    """

    per_second: PositiveInt
    endpoint_per_second: PositiveInt | None = None


class RateLimiter:
    """A rate limiter with sliding windows; refused requests do not count.

    Args:
        limit: The number of requests allowed in any second.
        monotonic: A monotonic clock in seconds.
    """

    def __init__(self, limit: RateLimit, monotonic: Monotonic = time.monotonic) -> None:
        self.limit = limit
        self.calls = 0
        self._monotonic = monotonic
        self._account = _Window(limit.per_second)
        of_each = limit.endpoint_per_second or limit.per_second
        self._endpoints: defaultdict[Hashable, _Window] = defaultdict(lambda: _Window(of_each))

    def refusal(self, endpoint: Hashable) -> RateLimitReason | None:
        """Return the reason to refuse the next request of an endpoint; None admits and counts it.

        If both limits are reached, the reason is the endpoint's (unverified).
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
    """The times of the latest admitted requests, as many as are allowed per second."""

    def __init__(self, per_second: int) -> None:
        super().__init__(maxlen=per_second)

    def full(self, now: float) -> bool:
        return len(self) == self.maxlen and now - self[0] < _WINDOW_SECONDS
