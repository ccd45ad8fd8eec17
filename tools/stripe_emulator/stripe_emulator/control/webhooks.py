"""The routes of deliveries: counts, attempts, and resending of events."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel

from stripe_emulator.account.account import Account
from stripe_emulator.control.responses import json_response
from stripe_emulator.emulator import Emulator
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.wire.json import JsonObject


class ResendRequest(BaseModel, extra="forbid"):
    """The endpoint to resend an event to; None for all enabled and subscribed endpoints."""

    webhook_endpoint: str | None = None


def webhooks_router(emulator: Emulator) -> APIRouter:
    """Build the routes that return counts and attempts, and that resend an event."""
    router = APIRouter()

    @router.get("/webhooks")
    async def read_webhooks() -> Response:
        endpoints = [
            _counts(emulator.account, endpoint) for endpoint in emulator.account.webhook_endpoints
        ]
        return json_response({"endpoints": endpoints})

    @router.get("/webhooks/deliveries")
    async def list_deliveries(limit: Annotated[int, Query(ge=1)] = 100) -> Response:
        attempts = emulator.account.outbox.log.newest_first()[:limit]
        return json_response({"deliveries": attempts})

    @router.post("/events/{event_id}/resend", status_code=202)
    async def resend(event_id: str, request: ResendRequest | None = None) -> dict[str, list[str]]:
        wanted = request.webhook_endpoint if request else None
        return {"webhook_endpoints": _resend(emulator, event_id, wanted)}

    return router


def _counts(account: Account, endpoint: WebhookEndpoint) -> JsonObject:
    queue, log = account.outbox.queue(endpoint.id), account.outbox.log
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "status": endpoint.status,
        "pending": len(queue),
        "next_attempt_at": queue.due_at(),
        "delivered": log.count(endpoint.id, "delivered"),
        "failed": log.count(endpoint.id, "failed"),
        "lost": log.count(endpoint.id, "lost"),
    }


def _resend(emulator: Emulator, event_id: str, wanted: str | None) -> list[str]:
    account = emulator.account
    event = account.events.get(event_id)
    if event is None:
        raise HTTPException(404, "This event is unknown or no longer kept.")
    chosen = account.subscribers(event.type) if wanted is None else {wanted}
    if wanted is not None and not _is_enabled(account, wanted):
        raise HTTPException(404, "No enabled webhook endpoint has this id.")
    for endpoint_id in chosen:
        account.outbox.resend(event, endpoint_id, account.clock.now())
    emulator.wake()
    return sorted(chosen)


def _is_enabled(account: Account, endpoint_id: str) -> bool:
    endpoint = account.webhook_endpoints.get(endpoint_id)
    return endpoint is not None and endpoint.status == "enabled"
