"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable

from saga_cli.errors import ChildFailedError

POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float) -> None:
    """Returns as soon as `condition` holds; an exception of `condition` ends the wait.

    Raises:
        ChildFailedError: It did not hold in time; the message is `what`.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ChildFailedError(f"{what} did not happen within {timeout_seconds:g} s.")
        time.sleep(POLL_SECONDS)
