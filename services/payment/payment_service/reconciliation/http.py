"""Operators' endpoints: start a reconciliation, list the previous ones."""

from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from saga_schemas.values import Identifier, Instant, ShortText

from payment_service.errors import PaymentsRemoved
from payment_service.reconciliation.evidence import Permission
from payment_service.reconciliation.report import Report
from payment_service.reconciliation.runs import Run, Runs

MAX_RELEASES: Final = 1_000


class ReconcileRequest(BaseModel):
    """A request for a reconciliation. `by` and `note` are recorded with the run."""

    model_config = ConfigDict(extra="forbid")

    since: Instant | None = Field(
        default=None,
        description="Compare PaymentIntents created since then; default: the usual window.",
    )
    by: Identifier = Field(default="api", description="The requester.")
    note: ShortText = Field(default="", description="The reason.")
    release: list[Identifier] = Field(
        default_factory=list[Identifier],
        max_length=MAX_RELEASES,
        description="PaymentIntents to release, although the records do not suffice to prove that "
        "no payment has them. They must have a mark of this installation, and no payment.",
    )
    release_limit: int | None = Field(
        default=None,
        ge=0,
        le=MAX_RELEASES,
        description="The maximum number of other releases; default: RECONCILE_RELEASE_LIMIT.",
    )

    def permission(self) -> Permission:
        """Return the releases that the requester allows."""
        return Permission(frozenset(self.release), self.release_limit)


class RunList(BaseModel):
    """The reconciliations requested by operators, the newest first."""

    reconciliations: list[Run]


DEFAULT_REQUEST = ReconcileRequest()


def reconcile_router(runs: Runs, list_limit: int, kept: timedelta) -> APIRouter:
    """Build the router of `POST /reconcile` and `GET /reconciliations`."""
    router = APIRouter(tags=["operators"])

    @router.post("/reconcile")
    async def reconcile(request: ReconcileRequest = DEFAULT_REQUEST) -> Report:  # pyright: ignore[reportUnusedFunction]
        """Compare the payments with Stripe now, and repair what is safe."""
        oldest = datetime.now(UTC) - kept
        if request.since and request.since < oldest:
            raise PaymentsRemoved(
                f"since: {request.since.isoformat()} is before {oldest.isoformat()}; payments "
                "are kept for ORDER_RETENTION_DAYS"
            )
        return await runs.run(request.by, request.note, request.since, request.permission())

    @router.get("/reconciliations")
    async def list_reconciliations() -> RunList:  # pyright: ignore[reportUnusedFunction]
        """List the newest reconciliations with requester, reason and report."""
        return RunList(reconciliations=await runs.newest(list_limit))

    return router
