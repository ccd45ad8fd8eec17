"""Polling with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05


def eventually(read: Callable[[], T], condition: Callable[[T], bool], seconds: float = 90) -> T:
    """Return the first value of `read` that meets the condition, or the last one at the deadline.

    The caller asserts on the result, so that a failed test shows the last value.
    """
    deadline = time.monotonic() + seconds
    while not condition(value := read()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return value
