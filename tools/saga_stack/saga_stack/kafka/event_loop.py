"""Lets code that blocks ask Kafka, whose clients are asynchronous."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def ask(question: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns or raises; may be called with or without a running event loop.

    All run on one loop that never ends: aiokafka tells a TLS connection to close and does not wait
    until it is, so a loop that ended with the question would leave it open.
    """
    return asyncio.run_coroutine_threadsafe(question, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="asking", daemon=True).start()
    return loop
