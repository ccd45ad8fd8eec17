"""Components: supervised, and stopped on exit."""

import asyncio

import faust
import pytest
from messaging_testing.fakes import eventually
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.process import components


@pytest.fixture
def ends(monkeypatch):
    """One item for each time that the process would have ended."""
    ends: list[str] = []
    monkeypatch.setattr(components, "end_process", lambda: ends.append("ended"))
    return ends


async def fail():
    raise RuntimeError("a bug")


async def test_a_component_that_fails_ends_the_process(ends):
    await asyncio.wait([components.watch("component", fail())])
    await eventually(lambda: ends)


async def test_a_component_that_ends_without_an_error_ends_the_process(ends):
    await asyncio.wait([components.watch("component", asyncio.sleep(0))])
    await eventually(lambda: ends)


async def test_a_cancellation_from_inside_a_component_ends_the_process(ends):
    async def cancel() -> None:
        raise asyncio.CancelledError

    await asyncio.wait([components.watch("component", cancel())])
    await eventually(lambda: ends)


async def test_a_component_that_is_stopped_does_not_end_the_process(ends):
    done = components.watch("component", asyncio.sleep(0))
    stopped = components.watch("component", asyncio.Event().wait())
    for task in (done, stopped):
        components.unwatch(task)
    stopped.cancel()
    await asyncio.wait([done, stopped])
    await asyncio.sleep(0)
    assert not ends


async def test_a_component_that_fails_while_it_stops_ends_the_process(ends):
    task = components.watch("component", fail())
    components.unwatch(task)
    await asyncio.wait([task])
    await eventually(lambda: ends)


async def test_a_check_of_the_start_may_end_but_not_fail(ends):
    async with components.running_once("check", asyncio.sleep(0)):
        await asyncio.sleep(0.01)
    assert not ends
    async with components.running_once("check", fail()):
        await eventually(lambda: ends)


async def test_a_loop_is_cancelled_on_exit():
    stopped = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with components.running_loop("component", work()):
        await asyncio.sleep(0)
    await asyncio.wait_for(stopped.wait(), 60)


async def test_faust_that_stops_unexpectedly_ends_the_process(ends, make_settings):
    app = faust.App("service", broker="kafka://127.0.0.1:1")
    crashed = components.watch("faust", components._until_crash(app, Publisher(make_settings())))
    app.set_shutdown()
    app._stopped.set()
    await asyncio.wait([crashed])
    await eventually(lambda: ends)
