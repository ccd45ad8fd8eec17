"""The executor: performs leased operations, a bounded number at a time."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import structlog
from saga_messaging.postgres.batcher import Batcher

from payment_service.errors import LeaseLost, describe
from payment_service.executor.retry import CurrentLease
from payment_service.model.lease import Lease, Token
from payment_service.model.ports import LeaseStore, Postponed, Progress

Perform: TypeAlias = Callable[[Lease, CurrentLease], Awaitable[Progress]]
Postpone: TypeAlias = Callable[[Lease, str], Postponed]

WRITE_SIZE: Final = 500
TRUSTED_FRACTION: Final = 2 / 3
"""Of a lease's duration: the rest covers the delay until we learn that it was granted."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _LocalLease:
    """A lease in this process, with the event loop's times of its arrival and last renewal."""

    lease: Lease
    received_at: float
    renewed_at: float

    def at(self, now: float) -> Lease:
        """Return the lease with its age at `now`."""
        return replace(self.lease, age_seconds=self.lease.age_seconds + now - self.received_at)


class Executor:
    """Performs every operation to its end, whichever process crashes and when.

    An operation is offered in memory by the code that began and leased it, or taken by a sweep
    once its lease or pause has expired. When an operation ends, the waiting operation that begins
    is performed by the same executor. Leases in memory are renewed; if that fails, no more
    requests are sent. Two executors that both trust a lease still have one effect, because the
    idempotency key is the same, and only the write under the newest lease counts.

    At most `concurrency` operations are at Stripe at a time. Results that arrive during a write
    share the next transaction.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the four numbers that bound it
        self,
        *,
        store: LeaseStore,
        perform: Perform,
        postpone: Postpone,
        concurrency: int,
        memory_limit: int,
        lease_seconds: float,
        sweep_seconds: float,
    ) -> None:
        self._store = store
        self._perform = perform
        self._postpone = postpone
        self._concurrency = concurrency
        self._memory_limit = memory_limit
        self._lease_seconds = lease_seconds
        self._sweep_seconds = sweep_seconds
        self._leases: dict[Token, _LocalLease] = {}
        self._queue: deque[_LocalLease] = deque()
        self._calls = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._interrupted: list[Lease] = []
        self._stopping = asyncio.Event()
        self._writes = Batcher[Progress, Lease | bool](store.write, WRITE_SIZE)

    def offer(self, leases: Sequence[Lease]) -> None:
        """Accept new leases; a later sweep takes those that exceed the memory limit."""
        now = asyncio.get_running_loop().time()
        room = self._memory_limit - len(self._leases)
        for lease in leases[:room]:
            if lease.token not in self._leases:
                local = self._leases[lease.token] = _LocalLease(lease, now, now)
                self._queue.append(local)
        self._start()

    def request_cancel(self, tokens: Iterable[Token]) -> None:
        """Send no more requests under these leases, if they are in this process."""
        for token in tokens:
            if local := self._leases.get(token):
                local.lease = replace(local.lease, cancel_requested=True)

    async def run(self) -> None:
        """Work until `stop`, then return once the calls in flight are completed and stored.

        Raises:
            ExceptionGroup: A bug; the process must end.
        """
        async with asyncio.TaskGroup() as self._tasks:
            self._start()
            while not self._stopping.is_set():
                await self._sweep()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._sweep_seconds)
            await self._give_back([local.lease for local in self._queue])
        await self._give_back(self._interrupted)

    def stop(self) -> None:
        """Begin no operation and retry no request; other executors take over the rest."""
        self._stopping.set()

    async def _give_back(self, leases: Sequence[Lease]) -> None:
        if leases:
            await self._store.give_back(leases)

    async def _sweep(self) -> None:
        await self._renew()
        room = self._memory_limit - len(self._leases)
        if room > 0:
            self.offer(await self._store.take(min(room, WRITE_SIZE)))

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        old = now - self._lease_seconds / 3
        due = {token: local for token, local in self._leases.items() if local.renewed_at < old}
        if due:
            renewed = await self._store.renew([local.lease for local in due.values()])
            for token, cancel_requested in renewed.items():
                due[token].renewed_at = now
                if cancel_requested:  # a waiting cancellation never disappears
                    self.request_cancel([token])

    def _start(self) -> None:
        while (
            self._tasks
            and self._queue
            and self._calls < self._concurrency
            and not self._stopping.is_set()
        ):
            self._calls += 1
            self._tasks.create_task(self._execute(self._queue.popleft()))

    async def _execute(self, local: _LocalLease) -> None:
        try:
            progress = await self._call(local)
        finally:
            self._calls -= 1
            self._start()
        # The write returns a Lease if a waiting operation has begun; see `LeaseStore.write`.
        written = await self._writes.submit(progress) if progress else True
        del self._leases[local.lease.token]
        if isinstance(written, Lease):
            self._continue_with(written)
        elif not written:
            logger.warning("result_superseded", result=progress)

    def _continue_with(self, begun: Lease) -> None:
        if self._stopping.is_set():
            self._interrupted.append(begun)
        else:
            self.offer([begun])

    async def _call(self, local: _LocalLease) -> Progress | None:
        try:
            lease = local.at(asyncio.get_running_loop().time())
            return await self._perform(lease, lambda: self._current(local))
        except LeaseLost:
            logger.warning("lease_lost", **_fields(local.lease))
            if self._stopping.is_set():
                self._interrupted.append(local.lease)
            return None
        except Exception as error:
            # One failing payment must not stop the others: it is postponed with the reason.
            logger.exception("operation_failed", **_fields(local.lease))
            return self._postpone(local.lease, f"operation failed: {describe(error)}")

    def _current(self, local: _LocalLease) -> Lease:
        now = asyncio.get_running_loop().time()
        trusted_seconds = self._lease_seconds * TRUSTED_FRACTION
        if self._stopping.is_set() or now - local.renewed_at >= trusted_seconds:
            raise LeaseLost(local.lease.saga_id)
        return local.at(now)


def _fields(lease: Lease) -> dict[str, object]:
    return {"correlation_id": lease.saga_id, "attempts": lease.attempts}
