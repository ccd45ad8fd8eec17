"""The expiry sweep: finds holds past their expiry, even if Stripe's event was lost."""

import asyncio
from datetime import timedelta
from typing import Final

from saga_messaging.postgres.database import Database
from sqlalchemy import Connection

from payment_service.model.lease import Lease
from payment_service.storage import repository, statements
from payment_service.storage.refresh import Refresher

BATCH_SIZE: Final = 500


class ExpirySweeper:
    """Refreshes every hold whose `capture_before` has passed. Any number of sweepers may run."""

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

    async def run(self) -> None:
        """Sweep periodically, until canceled."""
        while True:
            await self.sweep()
            await asyncio.sleep(self._sweep_seconds)

    async def sweep(self) -> int:
        """Refresh the holds that are due; return their number."""
        leases = await self._database.transaction(self._begin)
        self._refresher.offer(leases)
        return len(leases)

    def _begin(self, connection: Connection) -> list[Lease]:
        parameters = {"slack": self._slack, "limit": BATCH_SIZE}
        due = connection.scalars(statements.EXPIRING, parameters).all()
        payments = repository.lock(connection, due)
        return self._refresher.begin(connection, payments, payments)
