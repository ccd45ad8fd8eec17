"""Finds holds that should have expired by now, even if Stripe's event of it was lost."""

import asyncio
from datetime import timedelta
from typing import Final

from saga_messaging.database import Database
from sqlalchemy import Connection

from payment_service.model.ports import Lease
from payment_service.storage import repository, statements
from payment_service.storage.refresh import Refresher

SIZE: Final = 500


class ExpirySweeper:
    """Has every hold looked at whose `capture_before` has passed; any number of them may run."""

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
        """Sweep for ever."""
        while True:
            await self.sweep()
            await asyncio.sleep(self._sweep_seconds)

    async def sweep(self) -> int:
        """Have what is due looked at; returns how many that were."""
        leases = await self._database.transaction(self._begin)
        self._refresher.offer(leases)
        return len(leases)

    def _begin(self, connection: Connection) -> list[Lease]:
        parameters = {"slack": self._slack, "limit": SIZE}
        due = connection.scalars(statements.EXPIRING, parameters).all()
        known = repository.lock(connection, due)
        return self._refresher.begin(connection, known, known)
