"""Reconciliations requested by operators, each recorded with requester, reason and result."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel
from saga_messaging.postgres.database import Database
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from payment_service.errors import StripeUnreadable
from payment_service.reconciliation.evidence import NO_PERMISSION, Permission
from payment_service.reconciliation.reconciler import Reconciler
from payment_service.reconciliation.report import Report
from payment_service.storage.orm import reconciliations

Result = TypeVar("Result")


class Run(BaseModel):
    """A reconciliation requested by an operator.

    Attributes:
        by: The requester.
        note: The reason.
        ended_at: None while it runs, and permanently if its process died.
        report: None if it did not complete.
        error: The reason it did not complete.
    """

    id: UUID
    by: str
    note: str
    asked_at: datetime
    ended_at: datetime | None
    report: Report | None
    error: str | None


class Runs:
    """Runs reconciliations on demand; each is recorded before its first repair."""

    def __init__(self, database: Database, reconciler: Reconciler, give_up_seconds: float) -> None:
        self._database = database
        self._reconciler = reconciler
        self._give_up_seconds = give_up_seconds

    async def run(
        self, by: str, note: str, since: datetime | None, permission: Permission = NO_PERMISSION
    ) -> Report:
        """Compare the PaymentIntents created since then, or within the window if None.

        Raises:
            StripeUnreadable: Nothing, or only a part, was compared.
            DatabaseUnavailable: Nothing, or only a part, was compared, or the report was not
                stored.
        """
        run_id = uuid4()
        # The work is repeated if the response to its commit is lost.
        begin = insert(reconciliations).values(id=run_id, by=by, note=note).on_conflict_do_nothing()
        await self._transaction(lambda connection: connection.execute(begin))
        try:
            report = await self._reconciler.reconcile(since, run_id, permission)
        except StripeUnreadable as error:
            await self._end(run_id, error=str(error))
            raise
        await self._end(run_id, report=report.model_dump(mode="json"))
        return report

    async def newest(self, limit: int) -> list[Run]:
        """Return up to `limit` runs, the newest first."""
        newest_first = reconciliations.c.asked_at.desc(), reconciliations.c.id
        query = select(reconciliations).order_by(*newest_first).limit(limit)
        rows = await self._transaction(
            lambda connection: connection.execute(query).mappings().all()
        )
        return [Run.model_validate(dict(row)) for row in rows]

    async def _end(self, run_id: UUID, **result: Any) -> None:
        end = (
            update(reconciliations)
            .where(reconciliations.c.id == run_id)
            .values(ended_at=func.now(), **result)
        )
        await self._transaction(lambda connection: connection.execute(end))

    async def _transaction(self, work: Callable[[Connection], Result]) -> Result:
        return await self._database.transaction(work, give_up_after_seconds=self._give_up_seconds)
