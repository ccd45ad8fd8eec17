"""The webhook endpoint for Stripe."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request
from pydantic import ValidationError
from saga_messaging.http.openapi import problem

from payment_service.errors import InvalidWebhook, WebhooksNotConfigured
from payment_service.webhooks.event import WebhookEvent
from payment_service.webhooks.receive import WebhookReceiver
from payment_service.webhooks.signature import verify

PATH: Final = "/webhooks/stripe"


def webhooks_router(
    receiver: WebhookReceiver, secrets: Sequence[str], tolerance_seconds: int
) -> APIRouter:
    """Build the router of `POST /webhooks/stripe`."""
    router = APIRouter(tags=["stripe"])

    @router.post(
        PATH,
        responses={400: problem("Not a valid Stripe webhook, or its signature does not match.")},
    )
    async def receive_webhook(  # pyright: ignore[reportUnusedFunction]
        request: Request, stripe_signature: Annotated[str, Header()] = ""
    ) -> dict[str, str]:
        """Verify and store a Stripe event; `effect` describes what it changed."""
        if not secrets:
            raise WebhooksNotConfigured(
                "Set STRIPE_WEBHOOK_SECRET to the signing secret of the webhook endpoint."
            )
        body = await request.body()
        verify(body, stripe_signature, secrets, tolerance_seconds)
        try:
            return {"effect": await receiver.receive(WebhookEvent.model_validate_json(body))}
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, detail["loc"])) for detail in error.errors())
            raise InvalidWebhook(f"Invalid Stripe event: {fields}") from error

    return router
