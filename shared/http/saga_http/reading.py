"""Reading in small pieces, for a limited share of the event loop's time."""

import asyncio
import time
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

PIECE_BYTES: Final = 4_096
"""The most bytes that are parsed before other tasks run: 4 KiB in chunks of a byte take 10 ms."""

BURST_SECONDS: Final = 0.02
"""CPU time that may be used at once, before the share applies."""


class ReadingTime:
    """The CPU time that all connections of a server may spend on parsing.

    Args:
        share: The largest part of the time, between 0 and 1; the rest is for other tasks.
    """

    def __init__(self, share: float) -> None:
        self._pause_factor = 1 / share - 1
        self._free_at = 0.0

    def wait_seconds(self) -> float:
        """Return how long to wait until parsing may continue; 0 for at once."""
        return max(0.0, self._free_at - time.monotonic() - BURST_SECONDS)

    def spend(self, seconds: float) -> None:
        """Count CPU time."""
        self._free_at = max(self._free_at, time.monotonic()) + seconds * self._pause_factor


class HeldFlow(FlowControl):
    """uvicorn's flow control, with a second reason to pause reading."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._held = False
        self._paused = False

    def pause_reading(self) -> None:
        """Pause for uvicorn: its buffer is full."""
        self._paused = True
        super().pause_reading()

    def resume_reading(self) -> None:
        """End uvicorn's pause."""
        self._paused = False
        if not self._held:
            super().resume_reading()

    def hold(self) -> None:
        """Pause until `release`: what was read is not parsed yet."""
        self._held = True
        super().pause_reading()

    def release(self) -> None:
        """End the pause of `hold`."""
        self._held = False
        if not self._paused:
            super().resume_reading()
