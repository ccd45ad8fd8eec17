"""The routes of the request log."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import RedirectResponse, Response

from stripe_emulator.control.responses import json_response
from stripe_emulator.emulator import Emulator


def requests_router(emulator: Emulator) -> APIRouter:
    """Build the routes that list the logged requests and return one of them."""
    router = APIRouter(prefix="/requests")

    @router.get("")
    async def list_requests(
        limit: Annotated[int, Query(ge=1)] = 100, touching: str | None = None
    ) -> Response:
        log = emulator.log
        entries = log.newest_first() if touching is None else log.touching(touching)
        return json_response({"requests": [entry.summary() for entry in entries[:limit]]})

    @router.get("/{request_id}")
    async def read_request(request_id: str, accept: Annotated[str, Header()] = "*/*") -> Response:
        if "text/html" in accept:  # a browser: show it in the dashboard
            return RedirectResponse(f"/#{quote(request_id)}", 303, {"Vary": "Accept"})
        entry = emulator.log.get(request_id)
        if entry is None:
            raise HTTPException(404, "This request is unknown or no longer kept.")
        return json_response(entry.full(), {"Vary": "Accept"})

    return router
