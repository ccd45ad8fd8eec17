"""A background event loop, so that blocking code can use aiokafka's asynchronous clients."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def run_on_kafka_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; return its result or raise its exception.

    May be called with or without a running event loop. All coroutines share one loop that never
    ends: aiokafka closes a TLS connection without waiting for its end, so a loop of the
    coroutine's own would leave the connection open.
    """
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="kafka-loop", daemon=True).start()
    return loop
