"""Batches of Faust's events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import SimpleNamespace

import pytest
from saga_messaging.kafka import consumer
from saga_messaging.kafka.consumer import batches


class FakeStream:
    """Behaves like Faust's stream: yields to the event loop, then reads the queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[object] = asyncio.Queue()
        self.channel = SimpleNamespace(queue=self.queue)
        self.acks = True
        self.app = SimpleNamespace(should_stop=False)
        self.before_event = lambda: None

    def noack(self) -> "FakeStream":
        self.acks = False
        return self

    async def events(self) -> AsyncIterator[object]:
        while True:
            await asyncio.sleep(0)
            self.before_event()
            event = await self.queue.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def put(self, *events: object) -> None:
        for event in events:
            self.queue.put_nowait(event)


async def take(incoming) -> list[object]:
    return await asyncio.wait_for(anext(incoming), 60)


async def run_pending_tasks() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def stream():
    return FakeStream()


async def test_a_single_event_is_a_batch_and_the_stream_acks_nothing(stream):
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        assert await take(incoming) == [1]
        assert not stream.acks


async def test_events_that_arrive_during_a_batch_are_the_next_batch(stream):
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        assert await take(incoming) == [1]
        stream.put(2, 3, 4)
        await run_pending_tasks()
        assert await take(incoming) == [2, 3, 4]


async def test_a_batch_of_events_has_at_most_its_size(stream):
    async with aclosing(batches(stream, 2)) as incoming:
        stream.put(*range(7))
        seen = [await take(incoming)]
        await run_pending_tasks()
        seen += [await take(incoming)]
        await run_pending_tasks()
        assert max(map(len, seen)) <= 2
        events = [event for batch in seen for event in batch]
        assert events == list(range(len(events)))


async def test_the_reader_reads_at_most_one_batch_ahead(stream):
    async with aclosing(batches(stream, 3)) as incoming:
        stream.put(*range(100))
        await take(incoming)
        await run_pending_tasks()
        assert stream.queue.qsize() >= 100 - 1 - 3 - 1


async def test_a_rebalance_that_clears_fausts_queue_leaves_no_event_waiting(stream):
    def rebalance() -> None:
        # Faust suspends the flow and clears the queue, then waits for every event to be acked.
        if stream.queue.qsize() == 1:
            stream.queue.get_nowait()

    stream.before_event = rebalance
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put("handled", "cleared")
        assert await take(incoming) == ["handled"]


async def test_a_stream_that_fails_ends_the_process(stream, monkeypatch):
    ended = asyncio.Event()
    monkeypatch.setattr(consumer, "end_process", ended.set)
    async with aclosing(batches(stream, 10)) as incoming:
        waiting = asyncio.create_task(anext(incoming))
        stream.put(RuntimeError("thrown into the channel"))
        await asyncio.wait_for(ended.wait(), 60)
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_when_the_agent_ends_the_reader_ends(stream):
    before = asyncio.all_tasks()
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        await take(incoming)
    await run_pending_tasks()
    assert asyncio.all_tasks() == before
