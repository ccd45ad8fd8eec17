"""Faults after which a participant runs and consumes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from saga_messaging.kafka.consumer import _read
from saga_messaging.kafka.records import Record

Receive = Callable[[Sequence[Record]], Awaitable[None]]


def receive_once(receive: Receive, app: faust.App, fault: str) -> Receive:
    """Return a function that handles one batch, and then has the fault."""
    handled = asyncio.Event()

    async def receive_and_break(records: Sequence[Record]) -> None:
        await receive(records)
        if not handled.is_set():
            handled.set()
            asyncio.get_running_loop().call_later(0.5, _break, app, fault)

    return receive_and_break


def _break(app: Any, fault: str) -> None:
    thread = app.consumer._thread
    match fault:
        case "aiokafka_fetcher":
            thread._consumer._fetcher._get_actions_per_node = _raise
        case "faust_fetcher":
            for future in app._fetcher._futures:
                future.cancel()
        case "reader":
            for task in asyncio.all_tasks():
                if getattr(task.get_coro(), "cr_code", None) is _read.__code__:
                    task.cancel()


def _raise(*_: Any) -> None:
    raise RuntimeError("a bug in the fetcher")
