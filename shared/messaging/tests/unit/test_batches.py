"""How Faust's events become batches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from types import SimpleNamespace

import pytest
from saga_messaging.kafka import consumer
from saga_messaging.kafka.consumer import batches


class FakeStream:
    """Behaves as Faust's stream does: a turn of the loop before each event, then the queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[object] = asyncio.Queue()
        self.channel = SimpleNamespace(queue=self.queue)
        self.acks = True
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
    return await asyncio.wait_for(anext(incoming), 5)


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def stream():
    return FakeStream()


async def test_a_single_event_goes_alone_and_the_stream_acks_nothing(stream):
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        assert await take(incoming) == [1]
        assert not stream.acks


async def test_what_comes_while_a_batch_is_in_work_is_the_next_batch(stream):
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        assert await take(incoming) == [1]
        stream.put(2, 3, 4)
        await settle()
        assert await take(incoming) == [2, 3, 4]


async def test_a_batch_has_no_more_events_than_its_size(stream):
    async with aclosing(batches(stream, 2)) as incoming:
        stream.put(*range(7))
        seen = [await take(incoming)]
        await settle()
        seen += [await take(incoming)]
        await settle()
        assert max(map(len, seen)) <= 2
        events = [event for batch in seen for event in batch]
        assert events == list(range(len(events)))


async def test_the_reader_takes_no_more_ahead_than_a_batch_so_that_faust_can_hold_back(stream):
    async with aclosing(batches(stream, 3)) as incoming:
        stream.put(*range(100))
        await take(incoming)
        await settle()
        assert stream.queue.qsize() >= 100 - 1 - 3 - 1


async def test_a_rebalance_that_empties_fausts_queue_leaves_no_event_waiting(stream):
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
        await asyncio.wait_for(ended.wait(), 5)
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_when_the_agent_ends_the_reader_ends(stream):
    before = asyncio.all_tasks()
    async with aclosing(batches(stream, 10)) as incoming:
        stream.put(1)
        await take(incoming)
    await settle()
    assert asyncio.all_tasks() == before
