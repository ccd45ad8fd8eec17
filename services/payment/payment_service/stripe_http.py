"""The HTTP edge to Stripe and to operators: webhooks in, a reconciliation on demand."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi_problem.error import BadRequestProblem
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from saga_messaging.http.problems import ServiceUnavailable
from saga_schemas.values import Identifier, Instant, ShortText

from payment_service.errors import StripeUnreadable
from payment_service.notices import Notice
from payment_service.reports import Report
from payment_service.runs import Run, Runs
from payment_service.signature import NotFromStripe, verify
from payment_service.webhooks import Webhooks


class NoWebhookSecret(ServiceUnavailable):
    """Without the secret nobody can tell whether an event comes from Stripe."""

    title = "This service takes no webhooks."


class UnacceptableWebhook(BadRequestProblem):
    """The request is not an event that Stripe has signed just now."""

    title = "This is no webhook of Stripe."


def webhooks_router(
    webhooks: Webhooks, secret: SecretStr | None, tolerance_seconds: int
) -> APIRouter:
    """POST /webhooks/stripe."""
    router = APIRouter(tags=["stripe"])

    @router.post("/webhooks/stripe")
    async def receive_webhook(  # pyright: ignore[reportUnusedFunction]
        request: Request, stripe_signature: Annotated[str, Header()] = ""
    ) -> dict[str, str]:
        if secret is None:
            raise NoWebhookSecret(detail="Set STRIPE_WEBHOOK_SECRET to the endpoint's secret.")
        body = await request.body()
        try:
            verify(body, stripe_signature, secret.get_secret_value(), tolerance_seconds)
            return {"effect": await webhooks.receive(Notice.model_validate_json(body))}
        except NotFromStripe as error:
            raise UnacceptableWebhook(detail=str(error)) from error
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
            raise UnacceptableWebhook(detail=f"No event of Stripe: {fields}") from error

    return router


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
