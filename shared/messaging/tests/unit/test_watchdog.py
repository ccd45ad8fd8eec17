"""The end of a process that no longer consumes, and of nothing else."""

import asyncio
import threading
import time

import pytest
from messaging_testing.fakes import eventually
from saga_messaging.kafka.consumption import ConsumptionProblem
from saga_messaging.process import watchdog
from saga_messaging.process.watchdog import Watchdog

DEAF = ConsumptionProblem("the fetcher has ended")
LIMIT = 0.2


@pytest.fixture
def ends(monkeypatch):
    """Set when the process would have ended."""
    ends = threading.Event()
    monkeypatch.setattr(watchdog, "end_process", ends.set)
    return ends


class Dependency:
    """A check of Kafka or PostgreSQL."""

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        self.calls = 0

    async def __call__(self) -> str | None:
        self.calls += 1
        return self.reason


async def watch(problem, dependency, until) -> None:
    checks = {"kafka": dependency, "consumer": Dependency("deaf")}
    task = asyncio.create_task(Watchdog(problem, checks, LIMIT, interval=0.01).run())
    await eventually(until)
    task.cancel()


async def test_a_process_that_stays_deaf_ends(ends):
    started = time.monotonic()
    await watch(lambda: DEAF, Dependency(), ends.is_set)
    assert time.monotonic() - started >= LIMIT


async def test_not_while_kafka_or_postgresql_is_away(ends):
    dependency = Dependency("no response")
    until = time.monotonic() + 3 * LIMIT
    await watch(lambda: DEAF, dependency, lambda: time.monotonic() > until)
    assert not ends.is_set()


async def test_the_time_begins_once_kafka_and_postgresql_are_back(ends):
    dependency = Dependency("no response")
    back_at = time.monotonic() + 0.9 * LIMIT

    def problem() -> ConsumptionProblem:
        if time.monotonic() >= back_at:
            dependency.reason = None
        return DEAF

    await watch(problem, dependency, ends.is_set)
    assert time.monotonic() - back_at >= LIMIT


async def test_not_if_a_restart_does_not_help(ends):
    problem = ConsumptionProblem("a transaction is open", restart_helps=False)
    until = time.monotonic() + 3 * LIMIT
    await watch(lambda: problem, Dependency(), lambda: time.monotonic() > until)
    assert not ends.is_set()


async def test_not_if_it_recovers_in_time(ends):
    found = iter([DEAF, None] * 1_000)
    until = time.monotonic() + 3 * LIMIT
    await watch(lambda: next(found), Dependency(), lambda: time.monotonic() > until)
    assert not ends.is_set()


@pytest.mark.parametrize("blocked", [True, False])
async def test_an_event_loop_that_is_blocked_ends_the_process(ends, blocked):
    watched = Watchdog(lambda: None, {}, LIMIT, interval=0.02)
    task, stopped = asyncio.create_task(watched.run()), threading.Event()
    thread = threading.Thread(target=watched.watch_loop, args=(stopped,))
    thread.start()
    if blocked:
        assert ends.wait(10)
    else:
        await asyncio.sleep(2 * LIMIT)
        assert not ends.is_set()
    stopped.set()
    task.cancel()
    await asyncio.to_thread(thread.join)
