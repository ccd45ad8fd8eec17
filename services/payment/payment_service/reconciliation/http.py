"""Operators' endpoints: run a reconciliation, list the runs."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from saga_messaging.problems import ServiceUnavailable
from saga_schemas.values import Identifier, Instant, ShortText

from payment_service.errors import StripeUnreadable
from payment_service.reconciliation.report import Report
from payment_service.reconciliation.runs import Run, Runs


class ReconcileRequest(BaseModel):
    """Who asks, and why: both are kept. What was made at Stripe `since` then is compared."""

    model_config = ConfigDict(extra="forbid")

    since: Instant | None = None
    by: Identifier = "api"
    note: ShortText = ""


class RunList(BaseModel):
    """The reconciliations that somebody asked for, the newest first."""

    reconciliations: list[Run]


NOTHING_SAID = ReconcileRequest()


def reconcile_router(runs: Runs, list_limit: int) -> APIRouter:
    """POST /reconcile, GET /reconciliations."""
    router = APIRouter(tags=["operators"])

    @router.post("/reconcile")
    async def reconcile(asked: ReconcileRequest = NOTHING_SAID) -> Report:  # pyright: ignore[reportUnusedFunction]
        """Compare the payments with Stripe now, and repair what is safe."""
        try:
            return await runs.run(asked.by, asked.note, asked.since)
        except StripeUnreadable as error:
            raise ServiceUnavailable(detail=f"Stripe cannot be read: {error}") from error

    @router.get("/reconciliations")
    async def list_reconciliations() -> RunList:  # pyright: ignore[reportUnusedFunction]
        """Who asked for one, why, and what came of it."""
        return RunList(reconciliations=await runs.newest(list_limit))

    return router
