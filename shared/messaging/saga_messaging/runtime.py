"""What the services' `main.py` have in common: start the parts, watch them, stop them in order."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import faust
import structlog
import uvicorn
from fastapi import FastAPI
from faust.contrib.asgi import faust_app_running

from saga_messaging import migrations
from saga_messaging.consumer import end_process
from saga_messaging.database import Database
from saga_messaging.health import Check
from saga_messaging.outbox import Outbox
from saga_messaging.publisher import Publisher
from saga_messaging.settings import ServiceSettings

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
async def running_relay(outbox: Outbox) -> AsyncGenerator[None]:
    """The outbox's relay; it is stopped when it has sent what it was offered."""
    task = watch("outbox_relay", outbox.relay())
    try:
        yield
    finally:
        outbox.stop()
        await asyncio.wait([task], timeout=STOP_TIMEOUT_SECONDS)
        task.cancel()


@asynccontextmanager
async def running_loop(name: str, work: Coroutine[Any, Any, Any]) -> AsyncGenerator[None]:
    """A part that may be stopped at any moment, since all it does stands in transactions."""
    task = watch(name, work)
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def running_faust(app: faust.App) -> AsyncGenerator[None]:
    """Faust's consumers; they are stopped when the batch in work is done and acked."""
    async with faust_app_running(app, stop_timeout=STOP_TIMEOUT_SECONDS):
        watcher = watch("faust", _until_crash(app))
        try:
            yield
        finally:
            watcher.cancel()


async def _until_crash(app: faust.App) -> None:
    await app.wait_until_stopped()
    raise RuntimeError(f"Faust stopped by itself: {app.crash_reason!r}")


def checks(
    package: str, database: Database, publisher: Publisher, app: faust.App
) -> dict[str, Check]:
    """The readiness of a service: broker joined, database reachable, migrations applied."""

    async def kafka() -> str | None:
        await publisher.ping()
        return None if app.rebalancing_count and not app.rebalancing else "joining the group"

    async def postgresql() -> str | None:
        missing = await database.transaction(
            lambda connection: migrations.missing(package, connection), give_up_after_seconds=1
        )
        return missing and f"migration {missing} is missing: run `python -m {package} migrate`"

    return {"kafka": kafka, "database": postgresql}


def serve(api: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests and the lifespan, and return."""
    # When it is done, uvicorn raises the signal again, for whoever handled it before: nobody.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _done)
    uvicorn.run(
        api,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=settings.http_shutdown_seconds,
    )


def _done(*_: object) -> None:
    """A signal that has been obeyed."""
