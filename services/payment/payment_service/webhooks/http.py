"""The HTTP edge to Stripe: webhooks in."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi_problem.error import BadRequestProblem
from pydantic import SecretStr, ValidationError
from saga_messaging.problems import ServiceUnavailable

from payment_service.webhooks.event import Notice
from payment_service.webhooks.receive import Webhooks
from payment_service.webhooks.signature import NotFromStripe, verify


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
