"""Signal handling that lets a command clean up before it ends."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

TERMINATING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupt_on_termination() -> Generator[None]:
    """Raise KeyboardInterrupt in the main thread on SIGTERM and SIGHUP, as Ctrl-C does."""
    before = {number: signal.signal(number, _interrupt) for number in TERMINATING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
