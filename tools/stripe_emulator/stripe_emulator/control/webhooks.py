"""The part of the control API that shows what became of the events, and sends them again."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel

from stripe_emulator.account.account import Account
from stripe_emulator.emulator import Emulator
from stripe_emulator.objects.webhook_endpoint import WebhookEndpoint
from stripe_emulator.wire.json import JsonObject, encode


class ResendRequest(BaseModel, extra="forbid"):
    """Where to send an event again; None is to all enabled endpoints that take its type."""

    webhook_endpoint: str | None = None


def webhooks_router(emulator: Emulator) -> APIRouter:
    """Counts per endpoint, the log of attempts, and a way to send an event again."""
    router = APIRouter(prefix="/_emulator")

    @router.get("/webhooks")
    async def read_webhooks() -> Response:
        endpoints = [
            _counts(emulator.account, endpoint) for endpoint in emulator.account.webhook_endpoints
        ]
        return _json({"endpoints": endpoints})

    @router.get("/webhooks/deliveries")
    async def list_deliveries(limit: Annotated[int, Query(ge=1)] = 100) -> Response:
        return _json({"deliveries": emulator.account.outbox.log.newest_first()[:limit]})

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
        raise HTTPException(404, "This event is unknown, or forgotten by now.")
    chosen = account.takers(event.type) if wanted is None else {wanted}
    if wanted is not None and not _is_enabled(account, wanted):
        raise HTTPException(404, "There is no enabled webhook endpoint of this id.")
    for endpoint_id in chosen:
        account.outbox.resend(event, endpoint_id, account.clock.now())
    emulator.wake()
    return sorted(chosen)


def _is_enabled(account: Account, endpoint_id: str) -> bool:
    endpoint = account.webhook_endpoints.get(endpoint_id)
    return endpoint is not None and endpoint.status == "enabled"


def _json(value: object) -> Response:
    return Response(encode(value), media_type="application/json")
