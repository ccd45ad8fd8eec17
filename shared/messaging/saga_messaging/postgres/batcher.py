"""Group commit: items submitted while a batch is in progress share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from saga_messaging.errors import DatabaseUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Passes items to `work` in batches of up to `size` items, one batch at a time.

    An item does not wait for others: an idle batcher starts with a single item at once. If `work`
    raises an error, it must have had no effect: the batch's halves are then passed one after the
    other, so that an item that cannot be processed does not fail the others. While PostgreSQL is
    unavailable, all of the batch fails at once.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], size: int
    ) -> None:
        self._work = work
        self._size = size
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Wait for the item's batch, and return the item's result.

        Raises:
            DatabaseUnavailable: `work` raised it, for every item of the batch.
            Exception: `work` raised it for this item alone.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._size]
            del self._waiting[: self._size]
            await self._process([item for item, _ in batch], [future for _, future in batch])
        self._runner = None

    async def _process(
        self, items: Sequence[Item], futures: "Sequence[asyncio.Future[Result]]"
    ) -> None:
        try:
            results = await self._work(items)
        except Exception as error:  # noqa: BLE001 - raised to the callers
            if len(items) > 1 and not isinstance(error, DatabaseUnavailable):
                middle = len(items) // 2
                await self._process(items[:middle], futures[:middle])
                await self._process(items[middle:], futures[middle:])
                return
            _fail(futures, error)
            return
        if len(results) != len(futures):  # work that has returned is not repeated
            _fail(futures, ValueError(f"{len(futures)} items have {len(results)} results"))
            return
        for future, result in zip(futures, results, strict=True):
            if not future.done():
                future.set_result(result)


def _fail(futures: "Sequence[asyncio.Future[Any]]", error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
