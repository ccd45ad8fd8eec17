"""Polling with a deadline."""

import time
from collections.abc import Callable

from saga_stack.errors import ChildFailedError

POLL_SECONDS = 0.02


def wait_while(problem: Callable[[], str | None], timeout_seconds: float) -> None:
    """Return as soon as `problem` returns None or an empty text; its exceptions are passed on.

    Raises:
        ChildFailedError: The problem remained until the deadline; the message describes it.
    """
    deadline = time.monotonic() + timeout_seconds
    while remaining := problem():
        if time.monotonic() > deadline:
            raise ChildFailedError(f"After {timeout_seconds:g} s: {remaining}")
        time.sleep(POLL_SECONDS)
