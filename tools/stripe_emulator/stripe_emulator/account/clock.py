"""The one clock that every rule about time reads."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Clock:
    """Whole seconds since 1970, as Stripe counts them; only `reset` moves it back.

    Args:
        source: where the time comes from; a test passes a fixed one.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead_seconds = 0
        self._stopped_at: int | None = None

    def now(self) -> int:
        """The current time in whole seconds since 1970 (UTC)."""
        if self._stopped_at is not None:
            return self._stopped_at
        return int(self._source()) + self._ahead_seconds

    @contextmanager
    def stopped(self, at: int | None = None) -> Generator[int]:
        """Let the time stand still, at `at` or at what it is: all of a request has one time."""
        before, self._stopped_at = self._stopped_at, self.now() if at is None else at
        try:
            yield self._stopped_at
        finally:
            self._stopped_at = before

    def advance(self, seconds: int) -> int:
        """Move the clock forward and return the new time, unless it is stopped.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("A clock only moves forward.")
        self._ahead_seconds += seconds
        return self.now()

    def reset(self) -> None:
        """Set the clock back to its source."""
        self._ahead_seconds = 0
