"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable

from saga_stack.errors import ChildFailedError

POLL_SECONDS = 0.02


def wait_until_nothing(missing: Callable[[], str | None], timeout_seconds: float) -> None:
    """Returns as soon as `missing` names nothing any more; what it raises ends the wait.

    Raises:
        ChildFailedError: Something was still missing at the deadline; the message says what.
    """
    deadline = time.monotonic() + timeout_seconds
    while still := missing():
        if time.monotonic() > deadline:
            raise ChildFailedError(f"After {timeout_seconds:g} s: {still}")
        time.sleep(POLL_SECONDS)
