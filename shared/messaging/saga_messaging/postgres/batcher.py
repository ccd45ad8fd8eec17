"""Group commit: callers that come while a batch is in work share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Gives each item to `work` once, together with what else is waiting; one batch at a time.

    An item never waits for company: the first of an idle time goes alone, at once.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], size: int
    ) -> None:
        self._work = work
        self._size = size
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The item's own result.

        Raises:
            Exception: What `work` raised; every item of the batch gets the same.
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
            await self._do([item for item, _ in batch], [future for _, future in batch])
        self._runner = None

    async def _do(self, items: Sequence[Item], futures: "Sequence[asyncio.Future[Result]]") -> None:
        try:
            answers = list(zip(futures, await self._work(items), strict=True))
        except Exception as error:  # noqa: BLE001 - it is the callers' to handle
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        else:
            for future, result in answers:
                if not future.done():
                    future.set_result(result)
