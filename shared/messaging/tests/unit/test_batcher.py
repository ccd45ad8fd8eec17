import asyncio
from collections.abc import Sequence

import pytest
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.batcher import Batcher


class Work:
    """Doubles each number; waits for `gate`."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await self.gate.wait()
        if self.error:
            raise self.error
        return [2 * item for item in items]


@pytest.fixture
async def work():
    return Work()


@pytest.fixture
def batcher(work):
    return Batcher(work, size=3)


async def submit(batcher, *items: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_items_submitted_during_a_batch_share_the_next_batch(work, batcher):
    tasks = await submit(batcher, 1)
    tasks += await submit(batcher, 2, 3)
    work.gate.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    assert work.batches == [[1], [2, 3]]


async def test_a_batch_has_at_most_its_size(work, batcher):
    tasks = await submit(batcher, *range(8))
    work.gate.set()
    assert await asyncio.gather(*tasks) == [2 * n for n in range(8)]
    assert max(map(len, work.batches)) == 3


async def test_an_item_that_fails_reaches_its_caller_and_no_other():
    async def work(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError("no 3")
        return [2 * item for item in items]

    batcher = Batcher(work, size=8)
    results = await gather_all(await submit(batcher, 1, 2, 3, 4, 5))
    assert isinstance(error := results.pop(2), ValueError)
    assert str(error) == "no 3"
    assert results == [2, 4, 8, 10]
    assert await batcher.submit(6) == 12


async def test_an_unavailable_database_is_asked_once_for_a_batch(work, batcher):
    work.error = DatabaseUnavailable("gone")
    tasks = await submit(batcher, 1, 2)
    work.gate.set()
    assert all(isinstance(each, DatabaseUnavailable) for each in await gather_all(tasks))
    assert work.batches == [[1, 2]]
    work.error = None
    assert await batcher.submit(3) == 6


async def test_a_cancelled_caller_does_not_affect_the_others_of_its_batch(work, batcher):
    first, *others = await submit(batcher, 1, 2, 3)
    first.cancel()
    work.gate.set()
    assert await asyncio.gather(*others) == [4, 6]
    assert await batcher.submit(4) == 8


async def test_a_caller_cancelled_before_its_batch_does_not_affect_the_others(work, batcher):
    begun = await submit(batcher, 1)
    waiting = await submit(batcher, 2, 3)
    waiting[0].cancel()
    work.gate.set()
    assert await asyncio.gather(*begun, waiting[1]) == [2, 6]


async def test_missing_results_raise_an_error_instead_of_waiting_forever():
    calls = 0

    async def incomplete(items: Sequence[int]) -> list[int]:
        nonlocal calls
        calls += 1
        return list(items)[1:]

    batcher = Batcher(incomplete, size=3)
    for _ in range(2):
        results = await asyncio.wait_for(gather_all(await submit(batcher, 1, 2)), 60)
        assert all(isinstance(each, ValueError) for each in results)
    assert calls == 2


async def gather_all(tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)
