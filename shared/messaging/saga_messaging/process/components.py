"""A service's components as context managers: started, supervised, and stopped in order."""

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
"""Time for a component to finish its work in progress; the rest is done after the restart."""

logger = structlog.get_logger(__name__)


def watch(name: str, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Run a component in the background; if it ends before `unwatch`, end the process.

    An end without an error counts too: a cancellation that a library lets out of its own tasks
    would otherwise leave a process that runs and does nothing.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_ended)
    return task


def unwatch(task: "asyncio.Task[Any]") -> None:
    """Let a component end from now on, unless it fails."""
    task.remove_done_callback(_ended)
    task.add_done_callback(_stopped)


def _ended(task: "asyncio.Task[Any]") -> None:
    error = None if task.cancelled() else task.exception()
    logger.critical("component_failed", component=task.get_name(), exc_info=error)
    end_process()


def _stopped(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and task.exception():
        _ended(task)


@asynccontextmanager
async def running_database(database: Database) -> AsyncGenerator[None]:
    """Close the database on exit, after its last transaction."""
    try:
        yield
    finally:
        database.close()


@asynccontextmanager
async def running_publisher(publisher: Publisher) -> AsyncGenerator[None]:
    """Close the producer on exit, after its last record."""
    try:
        yield
    finally:
        await publisher.close()


@asynccontextmanager
async def running_until_stopped(
    name: str, work: Coroutine[Any, Any, Any], stop: Callable[[], None]
) -> AsyncGenerator[None]:
    """Run a component; on exit call `stop`, and wait until it has finished its work."""
    task = watch(name, work)
    try:
        yield
    finally:
        unwatch(task)
        stop()
        await asyncio.wait([task], timeout=STOP_TIMEOUT_SECONDS)
        task.cancel()


@asynccontextmanager
async def running_relay(outbox: Outbox) -> AsyncGenerator[None]:
    """Run the outbox's relay; on exit, publish what it was offered."""
    async with running_until_stopped("outbox_relay", outbox.relay(), outbox.stop):
        yield


@asynccontextmanager
async def running_loop(name: str, work: Coroutine[Any, Any, Any]) -> AsyncGenerator[None]:
    """Run a component that works in transactions only; on exit, cancel it."""
    task = watch(name, work)
    try:
        yield
    finally:
        unwatch(task)
        task.cancel()


@asynccontextmanager
async def running_once(name: str, work: Coroutine[Any, Any, Any]) -> AsyncGenerator[None]:
    """Run a task that may end at any time, such as a check at the start; on exit, cancel it.

    If it fails, the process ends.
    """
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_stopped)
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def running_faust(app: faust.App, publisher: Publisher) -> AsyncGenerator[None]:
    """Run Faust's consumers once Kafka responds; the caller does not wait for that.

    On exit, finish and acknowledge the batch in progress.
    """
    task = watch("faust", _consume(app, publisher))
    try:
        yield
    finally:
        unwatch(task)
        task.cancel()
        await asyncio.wait([task])


async def _consume(app: faust.App, publisher: Publisher) -> None:
    await publisher.connect(app.conf.id)
    async with faust_app_running(app, stop_timeout=STOP_TIMEOUT_SECONDS):
        await _until_crash(app, publisher)


async def _until_crash(app: faust.App, publisher: Publisher) -> None:
    await app.wait_until_stopped()
    reason = publisher.describe_access_error(app.crash_reason) or repr(app.crash_reason)
    raise RuntimeError(f"Faust stopped unexpectedly: {reason}")
