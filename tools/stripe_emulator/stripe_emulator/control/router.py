"""The routes of the control API: ledger, clock, reset and authentication, and its parts."""

from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from stripe_emulator.control.faults import faults_router, rate_limit_router
from stripe_emulator.control.ledger import ledger
from stripe_emulator.control.requests import requests_router
from stripe_emulator.control.responses import json_response
from stripe_emulator.control.webhooks import webhooks_router
from stripe_emulator.emulator import Emulator

_MAX_ADVANCE_SECONDS = 10 * 365 * 86_400


class ClockRequest(BaseModel, extra="forbid"):
    """The number of seconds to advance the clock by."""

    advance_seconds: int = Field(ge=0, le=_MAX_ADVANCE_SECONDS)


def control_router(emulator: Emulator) -> APIRouter:
    """Build the routes of the control API."""
    router = APIRouter(prefix="/_emulator")
    router.include_router(faults_router(emulator))
    router.include_router(rate_limit_router(emulator))
    router.include_router(requests_router(emulator))
    router.include_router(webhooks_router(emulator))

    @router.get("/ledger")
    async def read_ledger() -> Response:
        return json_response(ledger(emulator.account, emulator.keys))

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
        raise HTTPException(404, "This PaymentIntent does not require authentication.")
    redirect = intent.next_action.get("redirect_to_url")
    emulator.authenticate(intent, succeeded=outcome == "succeeded")
    if isinstance(redirect, dict):
        return RedirectResponse(str(redirect["return_url"]), status_code=303)
    return json_response(intent.as_json())
