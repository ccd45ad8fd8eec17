"""The executor: works on leased operations, a bounded number at a time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import structlog
from saga_messaging.batcher import Batcher

from payment_service.errors import LeaseLost, describe
from payment_service.model.ports import Lease, Postponed, Result, Token, Work

Do: TypeAlias = Callable[[Lease, Callable[[], Lease]], Awaitable[Result]]
Postpone: TypeAlias = Callable[[Lease, str], Postponed]

WRITE_SIZE: Final = 500
TRUSTED_PART: Final = 2 / 3
"""Of a lease's time: the rest is for the time that passes until we know that we have it."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Held:
    """A lease in this process; by the loop's clock, when it came and when it was last renewed."""

    lease: Lease
    came_at: float
    renewed_at: float

    def lease_at(self, now: float) -> Lease:
        """The lease, as old as it is now."""
        return replace(self.lease, age_seconds=self.lease.age_seconds + now - self.came_at)


class Executor:
    """Brings every operation to its end, whatever dies when.

    An operation is offered in memory by whoever began and leased it, or found by a sweep once its
    lease or its pause has passed; what waited for its end is begun by the executor that writes it.
    While an operation is in memory its lease is renewed; should that fail, nothing more is sent for
    it. Even two executors that both believe to have an operation do it once, for the idempotency
    key is the same; and only what the newest lease writes counts.

    At most `concurrency` operations are at Stripe at a time. Results that come while others are
    written share the next transaction.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the four numbers that bound it
        self,
        *,
        work: Work,
        do: Do,
        postpone: Postpone,
        concurrency: int,
        memory_limit: int,
        lease_seconds: float,
        sweep_seconds: float,
    ) -> None:
        self._work = work
        self._do = do
        self._postpone = postpone
        self._concurrency = concurrency
        self._memory_limit = memory_limit
        self._lease_seconds = lease_seconds
        self._sweep_seconds = sweep_seconds
        self._held: dict[Token, _Held] = {}
        self._queue: deque[_Held] = deque()
        self._calls = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._interrupted: list[Lease] = []
        self._stopping = asyncio.Event()
        self._written = Batcher[Result, Lease | bool](work.write, WRITE_SIZE)

    def offer(self, leases: Sequence[Lease]) -> None:
        """Take on what was just leased; beyond the limit the sweep finds it later."""
        now = asyncio.get_running_loop().time()
        room = self._memory_limit - len(self._held)
        for lease in leases[:room]:
            if lease.token not in self._held:
                held = self._held[lease.token] = _Held(lease, now, now)
                self._queue.append(held)
        self._start()

    def halt(self, tokens: Iterable[Token]) -> None:
        """Make no further request for these, as far as they are here; each renewal tells it too."""
        for token in tokens:
            if held := self._held.get(token):
                held.lease = replace(held.lease, halted=True)

    async def run(self) -> None:
        """Work until `stop`; then return once the calls in flight are done and written.

        Raises:
            ExceptionGroup: A bug; the process must end.
        """
        async with asyncio.TaskGroup() as self._tasks:
            self._start()
            while not self._stopping.is_set():
                await self._sweep()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._sweep_seconds)
            await self._give_back([held.lease for held in self._queue])
        await self._give_back(self._interrupted)

    def stop(self) -> None:
        """Begin nothing more, and repeat no request; others take up what is not done."""
        self._stopping.set()

    async def _give_back(self, leases: Sequence[Lease]) -> None:
        if leases:
            await self._work.give_back(leases)

    async def _sweep(self) -> None:
        await self._renew()
        room = self._memory_limit - len(self._held)
        if room > 0:
            self.offer(await self._work.take(min(room, WRITE_SIZE)))

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        old = now - self._lease_seconds / 3
        due = {token: held for token, held in self._held.items() if held.renewed_at < old}
        if due:
            renewed = await self._work.renew([held.lease for held in due.values()])
            for token, halted in renewed.items():
                due[token].renewed_at = now
                if halted:  # what waits to cancel does not go away
                    self.halt([token])

    def _start(self) -> None:
        while (
            self._tasks
            and self._queue
            and self._calls < self._concurrency
            and not self._stopping.is_set()
        ):
            self._calls += 1
            self._tasks.create_task(self._execute(self._queue.popleft()))

    async def _execute(self, held: _Held) -> None:
        try:
            result = await self._call(held)
        finally:
            self._calls -= 1
            self._start()
        written = await self._written.submit(result) if result else True
        del self._held[held.lease.token]
        if isinstance(written, Lease):
            self._go_on(written)
        elif not written:
            logger.warning("result_superseded", result=result)

    def _go_on(self, begun: Lease) -> None:
        if self._stopping.is_set():
            self._interrupted.append(begun)
        else:
            self.offer([begun])

    async def _call(self, held: _Held) -> Result | None:
        try:
            lease = held.lease_at(asyncio.get_running_loop().time())
            return await self._do(lease, lambda: self._current(held))
        except LeaseLost:
            logger.warning("payment_left_alone", **_described(held.lease))
            if self._stopping.is_set():
                self._interrupted.append(held.lease)
            return None
        except Exception as error:
            # One payment that we cannot handle must not stop the others: it waits, and says why.
            logger.exception("payment_not_handled", **_described(held.lease))
            return self._postpone(held.lease, f"not handled: {describe(error)}")

    def _current(self, held: _Held) -> Lease:
        now = asyncio.get_running_loop().time()
        if self._stopping.is_set() or now - held.renewed_at >= self._lease_seconds * TRUSTED_PART:
            raise LeaseLost(held.lease.payment.saga_id)
        return held.lease_at(now)


def _described(lease: Lease) -> dict[str, object]:
    return {"correlation_id": lease.payment.saga_id, "attempts": lease.attempts}
