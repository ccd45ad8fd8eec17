"""What the services' `main.py` have in common: start the parts, watch them, stop them in order."""

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from socket import socket
from typing import Any, Final

import faust
import structlog
import uvicorn
from fastapi import FastAPI
from faust.contrib.asgi import faust_app_running
from uvicorn.config import STARTUP_FAILURE

from saga_messaging.consumer import end_process
from saga_messaging.database import Database
from saga_messaging.outbox import Outbox
from saga_messaging.publisher import Publisher
from saga_messaging.settings import ServiceSettings

STOP_TIMEOUT_SECONDS: Final = 20.0
"""For a part to finish its work in flight; what is left then is taken up after the restart."""
JOIN_POLL_SECONDS: Final = 0.1

logger = structlog.get_logger(__name__)


def watch(name: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Run a part in the background; if it fails, the process ends, for it would be half alive."""

    def done(task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and (error := task.exception()):
            logger.critical("part_failed", part=name, exc_info=error)
            end_process()

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(done)
    return task


@asynccontextmanager
async def running_database(database: Database) -> AsyncGenerator[None]:
    """The service's database, closed after its last transaction."""
    try:
        yield
    finally:
        database.close()


@asynccontextmanager
async def running_publisher(publisher: Publisher) -> AsyncGenerator[None]:
    """The process's producer, closed after its last record."""
    try:
        yield
    finally:
        await publisher.close()


@asynccontextmanager
async def running_until_stopped(
    name: str, work: Coroutine[Any, Any, Any], stop: Callable[[], None]
) -> AsyncGenerator[None]:
    """A part that ends by itself, its work in flight done, once `stop` was called."""
    task = watch(name, work)
    try:
        yield
    finally:
        stop()
        await asyncio.wait([task], timeout=STOP_TIMEOUT_SECONDS)
        task.cancel()


@asynccontextmanager
async def running_relay(outbox: Outbox) -> AsyncGenerator[None]:
    """The outbox's relay; it is stopped when it has sent what it was offered."""
    async with running_until_stopped("outbox_relay", outbox.relay(), outbox.stop):
        yield


@asynccontextmanager
async def running_loop(name: str, work: Coroutine[Any, Any, Any]) -> AsyncGenerator[None]:
    """A part that may be stopped at any moment, since all it does stands in transactions."""
    task = watch(name, work)
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def running_faust(app: faust.App, publisher: Publisher) -> AsyncGenerator[None]:
    """Faust's consumers, from when Kafka answers; HTTP is served meanwhile.

    They are stopped when the batch in work is done and acked.
    """
    task = watch("faust", _consume(app, publisher))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _consume(app: faust.App, publisher: Publisher) -> None:
    await publisher.connect(app.conf.id)
    async with faust_app_running(app, stop_timeout=STOP_TIMEOUT_SECONDS):
        await _until_crash(app, publisher)


async def _until_crash(app: faust.App, publisher: Publisher) -> None:
    await app.wait_until_stopped()
    reason = publisher.denial(app.crash_reason) or repr(app.crash_reason)
    raise RuntimeError(f"Faust stopped by itself: {reason}")


def has_joined(app: faust.App) -> bool:
    """Whether the app is a member of its group, with nothing being handed over."""
    return bool(app.rebalancing_count) and not app.rebalancing


async def joined(app: faust.App) -> None:
    """Return once the app has joined its group."""
    while not has_joined(app):  # noqa: ASYNC110 - Faust tells of it by these two alone
        await asyncio.sleep(JOIN_POLL_SECONDS)


def serve(api: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests and the lifespan, and end.

    Ending takes at most `stop_timeout_seconds`, whatever hangs.

    Raises:
        SystemExit: 0 after a signal; else it did not start, and the log says why.
    """
    # uvicorn takes the signals over, and when it is done raises them again.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    config = uvicorn.Config(
        api,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        # On uvloop, closing a TLS connection to Kafka may wait for Kafka for half a minute.
        loop="asyncio" if settings.kafka_username else "auto",
        timeout_graceful_shutdown=settings.http_shutdown_seconds,
    )
    server = _Server(config, settings.stop_timeout_seconds)
    server.run()
    if not server.started:
        raise SystemExit(STARTUP_FAILURE)


def _end(*_: object) -> None:
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """uvicorn, with a bound on the time that it takes to end."""

    def __init__(self, config: uvicorn.Config, stop_timeout_seconds: float) -> None:
        super().__init__(config)
        # A thread, since what hangs may be the event loop, or a thread that the end waits for.
        self._bound = threading.Timer(stop_timeout_seconds, _give_up)
        self._bound.daemon = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._bound.start()
        await super().shutdown(sockets)


def _give_up() -> None:
    """What is left undone is not acked, not committed or not marked, and is taken up again."""
    logger.critical("stop_timed_out")
    end_process()
