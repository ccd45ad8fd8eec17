"""The results of operations: written in batches, and no result fails the others."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import structlog
from saga_messaging.postgres.batcher import Batcher

from payment_service.errors import describe
from payment_service.model.lease import Lease
from payment_service.model.ports import LeaseStore, Postponed, Progress

Postpone: TypeAlias = Callable[[Lease, str], Postponed]

WRITE_SIZE: Final = 500

logger = structlog.get_logger(__name__)


class Results:
    """Writes progress; what arrives during a write shares the next transaction.

    A result that cannot be stored is postponed with the reason: the operation is performed again
    after a pause, with the same idempotency key, so that it has one effect at Stripe.
    """

    def __init__(self, store: LeaseStore, postpone: Postpone) -> None:
        self._store = store
        self._postpone = postpone
        self._batches = Batcher[Progress, Lease | bool](self._write, WRITE_SIZE)

    async def write(self, progress: Progress) -> Lease | bool:
        """Write progress; see `LeaseStore.write`.

        Raises:
            Exception: Not even the postponement can be stored. This is a bug.
        """
        return await self._batches.submit(progress)

    async def _write(self, batch: Sequence[Progress]) -> Sequence[Lease | bool]:
        """Write a batch in one transaction; if that fails, write its halves."""
        try:
            return await self._store.write(batch)
        except Exception as error:  # noqa: BLE001 - of one result, whose payment is postponed
            if len(batch) == 1:
                return [await self._write_reason(batch[0], error)]
        middle = len(batch) // 2
        return [*await self._write(batch[:middle]), *await self._write(batch[middle:])]

    async def _write_reason(self, progress: Progress, error: Exception) -> Lease | bool:
        if isinstance(progress, Postponed):
            raise error
        lease = progress.lease
        logger.error(
            "result_not_stored",
            correlation_id=lease.saga_id,
            attempts=lease.attempts,
            exc_info=error,
        )
        reason = f"the result cannot be stored: {describe(error)}"
        (written,) = await self._store.write([self._postpone(lease, reason)])
        return written
