"""The emulator's own API under `/_emulator`: its ledger, its request log, faults, the clock."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from stripe_emulator.control.faults import faults_router, rate_limit_router
from stripe_emulator.control.ledger import ledger
from stripe_emulator.emulator import Emulator
from stripe_emulator.wire.json import encode

_LONGEST_ADVANCE_SECONDS = 10 * 365 * 86_400


class ClockRequest(BaseModel, extra="forbid"):
    """How far to move the clock."""

    advance_seconds: int = Field(ge=0, le=_LONGEST_ADVANCE_SECONDS)


def control_router(emulator: Emulator) -> APIRouter:
    """The routes of the control API."""
    router = APIRouter(prefix="/_emulator")
    router.include_router(faults_router(emulator))
    router.include_router(rate_limit_router(emulator))
    router.include_router(_log_router(emulator))

    @router.get("/ledger")
    async def read_ledger() -> Response:
        return _json(ledger(emulator.account, emulator.keys))

    @router.get("/clock")
    async def read_clock() -> dict[str, int]:
        return {"now": emulator.account.clock.now()}

    @router.post("/clock")
    async def advance_clock(request: ClockRequest) -> dict[str, int]:
        return {"now": emulator.advance(request.advance_seconds)}

    @router.post("/reset", status_code=204)
    async def reset() -> None:
        emulator.reset()

    @router.get("/authenticate/{intent_id}")
    async def authenticate(
        intent_id: str, outcome: Literal["succeeded", "failed"] = "succeeded"
    ) -> Response:
        return _authenticate(emulator, intent_id, outcome)

    return router


def _authenticate(emulator: Emulator, intent_id: str, outcome: str) -> Response:
    intent = emulator.account.payment_intents.get(intent_id)
    if intent is None or intent.next_action is None:
        raise HTTPException(404, "This PaymentIntent waits for no authentication.")
    redirect = intent.next_action.get("redirect_to_url")
    emulator.authenticate(intent, succeeded=outcome == "succeeded")
    if isinstance(redirect, dict):
        return RedirectResponse(str(redirect["return_url"]), status_code=303)
    return _json(intent.as_json())


def _log_router(emulator: Emulator) -> APIRouter:
    router = APIRouter(prefix="/requests")

    @router.get("")
    async def list_requests(
        limit: Annotated[int, Query(ge=1)] = 100, touching: str | None = None
    ) -> Response:
        log = emulator.log
        entries = log.newest_first() if touching is None else log.touching(touching)
        return _json({"requests": [entry.summary() for entry in entries[:limit]]})

    @router.get("/{request_id}")
    async def read_request(request_id: str, accept: Annotated[str, Header()] = "*/*") -> Response:
        if "text/html" in accept:  # a browser: show it on the page
            return RedirectResponse(f"/#{quote(request_id)}", 303, {"Vary": "Accept"})
        entry = emulator.log.get(request_id)
        if entry is None:
            raise HTTPException(404, "This request is unknown, or forgotten by now.")
        return _json(entry.full(), {"Vary": "Accept"})

    return router


def _json(value: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(value), media_type="application/json", headers=headers)
