"""The HTTP edge to Stripe and to operators: webhooks in, a reconciliation on demand."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Header, Request
from fastapi_problem.error import BadRequestProblem
from pydantic import AwareDatetime, SecretStr, ValidationError
from saga_messaging.problems import ServiceUnavailable

from payment_service.errors import StripeUnreadable
from payment_service.notices import Notice
from payment_service.reconciler import Reconciler
from payment_service.reports import Report
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


def reconcile_router(reconciler: Reconciler) -> APIRouter:
    """POST /reconcile."""
    router = APIRouter(tags=["operators"])

    @router.post("/reconcile")
    async def reconcile(  # pyright: ignore[reportUnusedFunction]
        since: Annotated[AwareDatetime | None, Body(embed=True)] = None,
    ) -> Report:
        moment: datetime | None = since
        try:
            return await reconciler.reconcile(moment)
        except StripeUnreadable as error:
            raise ServiceUnavailable(detail=f"Stripe cannot be read: {error}") from error

    return router
