"""The routes of the dashboard: the page at `/`, its data, and its live updates."""

from collections.abc import Callable
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse

from stripe_emulator.account.collection import Window
from stripe_emulator.dashboard.live import LiveFeed
from stripe_emulator.dashboard.payments import find_payments, payment_detail, payment_row
from stripe_emulator.emulator import Emulator
from stripe_emulator.settings import Settings
from stripe_emulator.wire.json import encode

STATIC = files("stripe_emulator.dashboard") / "static"
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_UNCACHED = {"Cache-Control": "no-cache"}
_HEADERS = {
    **_UNCACHED,
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def dashboard_router(
    emulator: Emulator, settings: Settings, is_stopping: Callable[[], bool]
) -> APIRouter:
    """Build the routes of the dashboard, which are all read-only."""
    router = APIRouter()
    router.include_router(_payments_router(emulator, settings.bounds.dashboard_rows))
    feed = LiveFeed(emulator, settings, is_stopping)
    assets = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.is_file()}

    @router.get("/")
    async def page() -> Response:
        return _asset("index.html", assets)

    @router.get("/_emulator/static/{name}")
    async def asset(name: str) -> Response:
        return _asset(name, assets)

    @router.get("/_emulator/live")
    async def live(
        after: str | None = None, last_event_id: Annotated[str | None, Header()] = None
    ) -> Response:
        return EventSourceResponse(feed.events(last_event_id or after), headers=_UNCACHED)

    return router


def _payments_router(emulator: Emulator, longest: int) -> APIRouter:
    router = APIRouter(prefix="/_emulator/payments")

    @router.get("")
    async def list_payments(
        limit: Annotated[int, Query(ge=1, le=longest)] = 50,
        starting_after: str | None = None,
        find: str | None = None,
    ) -> Response:
        account = emulator.account
        if find is not None:
            found = find_payments(account, find)
            lines = [payment_row(account, intent) for intent in found[:limit]]
            return _json({"payments": lines, "has_more": len(found) > limit})
        try:
            intents, has_more = account.payment_intents.page(Window(limit, starting_after))
        except KeyError:
            raise HTTPException(404, "Unknown PaymentIntent in starting_after.") from None
        lines = [payment_row(account, intent) for intent in intents]
        return _json({"payments": lines, "has_more": has_more})

    @router.get("/{intent_id}")
    async def read_payment(intent_id: str) -> Response:
        intent = emulator.account.payment_intents.get(intent_id)
        if intent is None:
            raise HTTPException(404, "Unknown PaymentIntent.")
        return _json(payment_detail(emulator.account, intent))

    return router


def _asset(name: str, assets: dict[str, bytes]) -> Response:
    if name not in assets:
        raise HTTPException(404)
    media_type = _TYPES[name.rpartition(".")[2]]
    return Response(assets[name], media_type=media_type, headers=_HEADERS)


def _json(value: object) -> Response:
    return Response(encode(value), media_type="application/json")
