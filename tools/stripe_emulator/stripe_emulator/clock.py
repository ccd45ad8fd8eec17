"""The one clock that every rule about time reads."""

import time
from collections.abc import Callable


class Clock:
    """Whole seconds since 1970, as Stripe counts them; only `reset` moves it back.

    Args:
        source: where the time comes from; a test passes a fixed one.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead_seconds = 0

    def now(self) -> int:
        """The current time in whole seconds since 1970 (UTC)."""
        return int(self._source()) + self._ahead_seconds

    def advance(self, seconds: int) -> int:
        """Move the clock forward and return the new time.

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
