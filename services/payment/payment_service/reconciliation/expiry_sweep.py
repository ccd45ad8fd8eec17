"""The expiry sweep: finds holds past their expiry, even if Stripe's event was lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.model.lease import Lease
from payment_service.storage import repository, statements
from payment_service.storage.refresh import Refresher

BATCH_SIZE: Final = 500
_START: Final = (datetime.min.replace(tzinfo=UTC), "")


class ExpirySweeper:
    """Refreshes every hold whose `capture_before` has passed. Any number of sweepers may run.

    Each sweep continues after the holds of the one before, and the one after the last hold begins
    again: holds that no refresh can end do not keep the others from being refreshed.
    """

    def __init__(
        self,
        database: Database,
        refresher: Refresher,
        *,
        sweep_seconds: float,
        slack_seconds: float,
    ) -> None:
        self._database = database
        self._refresher = refresher
        self._sweep_seconds = sweep_seconds
        self._slack = timedelta(seconds=slack_seconds)
        self._after = _START

    async def run(self) -> None:
        """Sweep periodically, until canceled."""
        while True:
            await self.sweep()
            await asyncio.sleep(self._sweep_seconds)

    async def sweep(self) -> int:
        """Refresh the next holds that are due, at most `BATCH_SIZE`; return their number."""
        leases, self._after = await self._database.transaction(self._begin)
        self._refresher.offer(leases)
        return len(leases)

    def _begin(self, connection: Connection) -> tuple[list[Lease], tuple[datetime, str]]:
        time, saga = self._after
        parameters = {"slack": self._slack, "after_time": time, "after_saga": saga}
        due = connection.execute(statements.EXPIRING, parameters | {"limit": BATCH_SIZE}).all()
        payments = repository.lock(connection, [row.saga_id for row in due])
        after = (due[-1].capture_before, due[-1].saga_id) if len(due) == BATCH_SIZE else _START
        return self._refresher.begin(connection, payments, payments), after
