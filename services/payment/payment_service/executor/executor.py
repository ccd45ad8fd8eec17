"""The executor: performs leased operations, a bounded number at a time."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

import structlog
from saga_messaging.postgres.batcher import Batcher

from payment_service.errors import LeaseLost, describe
from payment_service.executor.local_lease import LocalLease
from payment_service.executor.results import WRITE_SIZE, Postpone, Results
from payment_service.executor.retry import CurrentLease
from payment_service.executor.work_queue import WorkQueue
from payment_service.model.lease import Lease, Token
from payment_service.model.ports import LeaseStore, Progress

Perform: TypeAlias = Callable[[Lease, CurrentLease], Awaitable[Progress]]

logger = structlog.get_logger(__name__)


class Executor:
    """Performs every operation to its end, whichever process crashes and when.

    An operation is offered in memory by the code that began and leased it, or taken by a sweep
    once its lease or pause has expired. When an operation ends, the waiting operation that begins
    is performed by the same executor. Leases in memory are renewed; if that fails, no more
    requests are sent. Two executors that both trust a lease still have one effect, because the
    idempotency key is the same, and only the write under the newest lease counts.

    At most `concurrency` operations are at Stripe at a time. A result that cannot be stored is
    postponed with the reason. What can still succeed goes before what cannot. An authorization
    whose time has passed before its first request fails without one; that a request may be sent
    is noted durably before it is.
    """

    def __init__(  # noqa: PLR0913 - its parts, and the numbers that bound it
        self,
        *,
        store: LeaseStore,
        perform: Perform,
        postpone: Postpone,
        concurrency: int,
        memory_limit: int,
        lease_seconds: float,
        sweep_seconds: float,
        late_share: int = 4,
        available_seconds: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._store = store
        self._perform = perform
        self._postpone = postpone
        self._concurrency = concurrency
        self._memory_limit = memory_limit
        self._lease_seconds = lease_seconds
        self._sweep_seconds = sweep_seconds
        self._available_seconds = available_seconds
        self._leases: dict[Token, LocalLease] = {}
        self._queue = WorkQueue[LocalLease](lambda local: self._now(local).can_succeed, late_share)
        self._calls = 0
        self._tasks: asyncio.TaskGroup | None = None
        self._interrupted: list[Lease] = []
        self._stopping = asyncio.Event()
        self._starts = Batcher[Lease, bool | None](store.start, WRITE_SIZE)
        self._results = Results(store, postpone)

    def offer(self, leases: Sequence[Lease]) -> None:
        """Accept new leases; a later sweep takes those that exceed the memory limit."""
        now = asyncio.get_running_loop().time()
        room = self._memory_limit - len(self._leases)
        for lease in leases[:room]:
            if lease.token not in self._leases:
                local = self._leases[lease.token] = LocalLease(lease, now, now)
                self._queue.put(local)
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
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._start()
                while not self._stopping.is_set():
                    await self._sweep()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), self._sweep_seconds)
                await self._give_back([local.lease for local in self._queue])
        finally:
            self._tasks = None
        await self._give_back(self._interrupted)

    def stop(self) -> None:
        """Begin no operation and retry no request; other executors take over the rest."""
        self._stopping.set()

    async def _give_back(self, leases: Sequence[Lease]) -> None:
        if leases:
            await self._store.give_back(leases)

    async def _sweep(self) -> None:
        await self._renew()
        if self._tasks and not self._stopping.is_set():
            for local in self._queue.remove(self._is_over):  # also while every call is in use
                self._tasks.create_task(self._execute(local, calls=0))
        self._start()
        if (room := self._memory_limit - len(self._leases)) > 0:
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
        if self._tasks is None or self._stopping.is_set():
            return
        while self._calls < self._concurrency and (local := self._queue.pop()):
            self._calls += 1
            self._tasks.create_task(self._execute(local, calls=1))

    def _is_over(self, local: LocalLease) -> bool:
        """Return True if the operation ends without a call to Stripe."""
        lease = self._now(local)
        return lease.unsent and lease.expired

    async def _execute(self, local: LocalLease, *, calls: int) -> None:
        try:
            progress = await self._call(local)
        finally:
            self._calls -= calls
            self._start()
        # The write returns a Lease if a waiting operation has begun; see `LeaseStore.write`.
        written = await self._results.write(progress) if progress else True
        del self._leases[local.lease.token]
        if isinstance(written, Lease) and self._stopping.is_set():
            self._interrupted.append(written)
        elif isinstance(written, Lease):
            self.offer([written])
        elif not written:
            logger.warning("result_superseded", result=progress)

    async def _call(self, local: LocalLease) -> Progress | None:
        try:
            lease = self._now(local)
            if lease.unsent and not lease.expired:
                if not await self._begin(local):
                    return None
                lease = self._now(local)
            return await self._perform(lease, lambda: self._current(local))
        except LeaseLost:
            logger.warning("lease_lost", **local.fields)
            if self._stopping.is_set():
                self._interrupted.append(local.lease)
            return None
        except Exception as error:
            # One failing payment must not stop the others: it is postponed with the reason.
            logger.exception("operation_failed", **local.fields)
            return self._postpone(local.lease, f"operation failed: {describe(error)}")

    async def _begin(self, local: LocalLease) -> bool:
        """Note that a request may be sent; return False if none may be."""
        began_at = asyncio.get_running_loop().time()
        cancel_requested = await self._starts.submit(local.lease)
        if cancel_requested is None:
            logger.info("ended_before_any_request", **local.fields)
            return False
        cancel_requested = cancel_requested or local.lease.cancel_requested
        local.lease = replace(local.lease, unsent=False, cancel_requested=cancel_requested)
        local.renewed_at = began_at
        return True

    def _now(self, local: LocalLease) -> Lease:
        return local.at(asyncio.get_running_loop().time(), self._available_seconds())

    def _current(self, local: LocalLease) -> Lease:
        now = asyncio.get_running_loop().time()
        if self._stopping.is_set() or not local.is_trusted(now, self._lease_seconds):
            raise LeaseLost(local.lease.saga_id)
        return local.at(now, self._available_seconds())
