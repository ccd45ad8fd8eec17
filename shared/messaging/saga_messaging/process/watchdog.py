"""The end of a process that runs and no longer consumes, so that its supervisor starts it anew."""

import asyncio
import faulthandler
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import faust
import structlog

from saga_messaging.http.health import Check, run_check
from saga_messaging.kafka.consumption import ConsumptionProblem
from saga_messaging.kafka.faust_app import consumption_problem
from saga_messaging.process.components import running_loop
from saga_messaging.settings import MessagingSettings
from saga_messaging.termination import end_process

CONSUMER: Final = "consumer"
"""The name of the check that the watchdog makes itself; the others are of what it depends on."""

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def running_watchdog(
    app: faust.App, checks: Mapping[str, Check], settings: MessagingSettings
) -> AsyncGenerator[None]:
    """End the process once it has not consumed for `consumer_restart_seconds`.

    Time counts only while the checks succeed: a restart cures nothing if Kafka or PostgreSQL is
    away. An event loop that is blocked for as long ends the process too.
    """
    watchdog = Watchdog(lambda: consumption_problem(app), checks, settings.consumer_restart_seconds)
    async with running_loop("watchdog", watchdog.run()):
        stopped = threading.Event()
        thread = threading.Thread(target=watchdog.watch_loop, args=(stopped,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()


class Watchdog:
    """Watches a process from its event loop, and the event loop from a thread."""

    def __init__(
        self,
        problem: Callable[[], ConsumptionProblem | None],
        checks: Mapping[str, Check],
        limit: float,
        interval: float = 1.0,
    ) -> None:
        self._problem = problem
        self._dependencies = {name: run for name, run in checks.items() if name != CONSUMER}
        self._limit = limit
        self._interval = interval
        self._beats = 0

    async def run(self) -> None:
        """Watch the consumer, without end, and show that the event loop runs."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())  # a check takes up to three seconds
            await self._watch_consumer()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            self._beats += 1

    async def _watch_consumer(self) -> None:
        since: float | None = None
        while True:
            await asyncio.sleep(self._interval)
            problem = self._problem()
            if problem is None or not problem.restart_helps:
                since = None
                continue
            if not await self._dependencies_respond():
                since = None
                continue
            since = since or time.monotonic()
            if time.monotonic() - since >= self._limit:
                logger.critical("consumer_stalled", reason=problem.text, seconds=self._limit)
                end_process()

    async def _dependencies_respond(self) -> bool:
        failures = await asyncio.gather(*map(run_check, self._dependencies.values()))
        return not any(failures)

    def watch_loop(self, stopped: threading.Event) -> None:
        """Watch the event loop until `stopped`.

        It counts its own intervals: time in which the whole process is suspended does not count.
        """
        beats, missed = self._beats, 0
        while not stopped.wait(self._interval):
            missed = missed + 1 if beats == self._beats else 0
            beats = self._beats
            if missed * self._interval > self._limit:
                faulthandler.dump_traceback()
                logger.critical("event_loop_blocked", seconds=self._limit)
                end_process()
