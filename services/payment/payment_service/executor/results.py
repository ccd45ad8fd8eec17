"""The results of operations: written in batches, and no result fails the others."""

from collections.abc import Callable
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
        self._postpone = postpone
        self._batches = Batcher[Progress, Lease | bool](store.write, WRITE_SIZE)

    async def write(self, progress: Progress) -> Lease | bool:
        """Write progress; see `LeaseStore.write`.

        Raises:
            Exception: Not even the postponement can be stored. This is a bug.
        """
        try:
            return await self._batches.submit(progress)
        except Exception as error:
            if isinstance(progress, Postponed):
                raise
            return await self._batches.submit(self._postponed(progress.lease, error))

    def _postponed(self, lease: Lease, error: Exception) -> Postponed:
        logger.error(
            "result_not_stored",
            correlation_id=lease.saga_id,
            attempts=lease.attempts,
            exc_info=error,
        )
        return self._postpone(lease, f"the result cannot be stored: {describe(error)}")
