"""What the services' `main.py` have in common: start the parts, watch them, stop them in order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import faust
import structlog
from faust.contrib.asgi import faust_app_running

from saga_messaging.delivery.outbox import Outbox
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.postgres.database import Database
from saga_messaging.termination import end_process

STOP_TIMEOUT_SECONDS: Final = 20.0
"""For a part to finish its work in flight; what is left then is taken up after the restart."""

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
