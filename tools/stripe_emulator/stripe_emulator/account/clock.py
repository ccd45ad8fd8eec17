"""The clock that every rule about time uses."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Clock:
    """A clock of whole seconds since 1970, as at Stripe; only `reset` moves it back.

    Args:
        source: The source of the time in seconds since 1970.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_seconds = 0
        self._frozen_at: int | None = None

    def now(self) -> int:
        """Return the current time in whole seconds since 1970 (UTC)."""
        if self._frozen_at is not None:
            return self._frozen_at
        return int(self._source()) + self._offset_seconds

    @contextmanager
    def frozen(self, at: int | None = None) -> Generator[int]:
        """Freeze the clock at `at` or at the current time, so that a request has one time."""
        before, self._frozen_at = self._frozen_at, self.now() if at is None else at
        try:
            yield self._frozen_at
        finally:
            self._frozen_at = before

    def advance(self, seconds: int) -> int:
        """Move the clock forward and return the time, which is unchanged while it is frozen.

        Raises:
            ValueError: If `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("A clock only moves forward.")
        self._offset_seconds += seconds
        return self.now()

    def reset(self) -> None:
        """Set the clock back to its source."""
        self._offset_seconds = 0
