"""Admission of new orders: one that cannot make its deadlines is refused before it is stored."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

import structlog
from saga_messaging.postgres.database import Database

from order_saga.errors import TooManyOrders
from order_saga.runtime.load import Waiting, count_answered, count_waiting
from order_saga.settings import OrderSagaSettings

SHORTEST_WINDOW_SECONDS: Final = 3.0
"""Of the measurement of a rate; a shorter one would count the first replies only."""

logger = structlog.get_logger(__name__)


class Admission:
    """Estimates how long a new order would wait, from samples of the database.

    The estimate is the number of waiting orders over the measured rate of replies. While nothing is
    answered, it is at least the time that nine in ten waiting orders have already waited. All
    replicas read the same tables. Below `admission_minimum` waiting orders, every order is
    accepted; after `admission_window_seconds` of that, the rate is forgotten.
    """

    def __init__(
        self,
        database: Database,
        settings: OrderSagaSettings,
        available_seconds: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._database = database
        self._settings = settings
        self._available_seconds = available_seconds
        timeouts = settings.timeouts
        shortest = min(timeouts.payment_info.seconds, timeouts.authorization.seconds)
        self._longest_wait = settings.admission_wait_share * shortest
        self._waiting = Waiting(0, 0.0)
        self._rate: float | None = None
        self._answering = False
        self._busy_since: float | None = None
        self._calm_since: float | None = None
        self._accepted = 0
        self._refusing = False

    def refusal(self) -> TooManyOrders | None:
        """Return the reason to refuse a new order now; None to accept it."""
        waiting = self._waiting.orders + self._accepted
        if waiting < self._settings.admission_minimum:
            return None
        expected = waiting / self._rate if self._rate else 0.0
        available = self._available_seconds()
        waited = 0.0 if self._answering else min(self._waiting.seconds, available)
        if max(expected, waited) <= self._longest_wait:
            return None
        seconds = math.ceil(expected - self._longest_wait)
        if seconds <= 0:
            seconds = self._settings.admission_retry_after_seconds
        seconds = min(seconds, self._settings.admission_retry_after_max_seconds)
        return TooManyOrders(waiting, self._rate, seconds)

    def accepted(self, orders: int) -> None:
        """Count orders that were accepted since the latest sample."""
        self._accepted += orders

    async def watch(self) -> None:
        """Sample the load every `admission_sample_seconds`, until canceled."""
        while True:
            await self.sample()
            await asyncio.sleep(self._settings.admission_sample_seconds)

    async def sample(self) -> None:
        """Read how many orders wait, and measure the rate of replies if there are many."""
        accepted = self._accepted
        available = self._available_seconds()
        self._waiting = await self._database.transaction(
            lambda connection: count_waiting(connection, available)
        )
        self._accepted -= accepted
        if self._waiting.orders < self._settings.admission_minimum:
            self._forget_rate()
        else:
            await self._measure_rate()
        self._log_change()

    def _forget_rate(self) -> None:
        """Forget the rate once few have waited for a while: it may be that of an incident."""
        now = time.monotonic()
        self._busy_since, self._answering = None, False
        self._calm_since = self._calm_since or now
        if now - self._calm_since > self._settings.admission_window_seconds:
            self._rate = None

    async def _measure_rate(self) -> None:
        now = time.monotonic()
        self._calm_since = None
        self._busy_since = self._busy_since or now
        window = min(self._settings.admission_window_seconds, now - self._busy_since)
        if window < SHORTEST_WINDOW_SECONDS or self._available_seconds() < window:
            return
        answered = await self._database.transaction(
            lambda connection: count_answered(connection, window)
        )
        self._answering = bool(answered)
        if answered:  # without any, the last known rate and the time that orders wait decide
            self._rate = answered / window

    def _log_change(self) -> None:
        refusal = self.refusal()
        if bool(refusal) == self._refusing:
            return
        self._refusing = bool(refusal)
        logger.warning(
            "new_orders_refused" if refusal else "new_orders_accepted",
            waiting=self._waiting.orders,
            waited_seconds=round(self._waiting.seconds, 1),
            per_second=self._rate and round(self._rate, 1),
        )
