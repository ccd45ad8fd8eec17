"""The reconciliations that operators asked for: each is kept, with who, why and what came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel
from saga_messaging.database import Database
from sqlalchemy import Connection, func, insert, select, update

from payment_service.errors import StripeUnreadable
from payment_service.reconciliation.reconciler import Reconciler
from payment_service.reconciliation.report import Report
from payment_service.storage.orm import reconciliations

Result = TypeVar("Result")


class Run(BaseModel):
    """A reconciliation.

    Attributes:
        ended_at: None while it runs, and for ever where its process died.
        report: None where it did not come to its end.
        error: Why it did not.
    """

    id: UUID
    by: str
    note: str
    asked_at: datetime
    ended_at: datetime | None
    report: Report | None
    error: str | None


class Runs:
    """Reconciles as operators ask, and keeps it: who and why before the first repair."""

    def __init__(self, database: Database, reconciler: Reconciler, give_up_seconds: float) -> None:
        self._database = database
        self._reconciler = reconciler
        self._give_up_seconds = give_up_seconds

    async def run(self, by: str, note: str, since: datetime | None) -> Report:
        """Compare what was made at Stripe since then, or in the usual window.

        Raises:
            StripeUnreadable: Nothing, or only a part, was compared.
            DatabaseUnavailable: Likewise, or the report was not kept.
        """
        run_id = uuid4()
        begun = insert(reconciliations).values(id=run_id, by=by, note=note)
        await self._do(lambda connection: connection.execute(begun))
        try:
            report = await self._reconciler.reconcile(since, run_id)
        except StripeUnreadable as error:
            await self._end(run_id, error=str(error))
            raise
        await self._end(run_id, report=report.model_dump(mode="json"))
        return report

    async def newest(self, limit: int) -> list[Run]:
        """At most so many, the newest first."""
        newest_first = reconciliations.c.asked_at.desc(), reconciliations.c.id
        query = select(reconciliations).order_by(*newest_first).limit(limit)
        rows = await self._do(lambda connection: connection.execute(query).mappings().all())
        return [Run.model_validate(dict(row)) for row in rows]

    async def _end(self, run_id: UUID, **came_of_it: Any) -> None:
        ended = (
            update(reconciliations)
            .where(reconciliations.c.id == run_id)
            .values(ended_at=func.now(), **came_of_it)
        )
        await self._do(lambda connection: connection.execute(ended))

    async def _do(self, work: Callable[[Connection], Result]) -> Result:
        return await self._database.transaction(work, give_up_after_seconds=self._give_up_seconds)
