"""The wiring of the emulator as an ASGI application."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from saga_http.body import BoundedBody
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_emulator.control.router import control_router
from stripe_emulator.dashboard.router import dashboard_router
from stripe_emulator.emulator import Emulator
from stripe_emulator.http.origins import OriginGuard
from stripe_emulator.http.stripe_api import Abort, StripeApi
from stripe_emulator.journal.journal import Journal, UnusableJournal
from stripe_emulator.journal.restore import restore
from stripe_emulator.settings import Settings
from stripe_emulator.webhooks.sender import WebhookSender

_POLL_SECONDS = 0.5


def create_app(
    settings: Settings | None = None,
    abort: Abort | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """Build the application, with an empty account or that of the settings' journal.

    Args:
        settings: The settings of the emulator.
        abort: Resets a client's connection. Without it, faults that reset a connection respond
            with 500, because an ASGI application cannot reset a connection by itself.
        is_stopping: Returns True when the server is about to stop, which ends live updates.

    Raises:
        UnusableJournal: If the journal cannot be read.
    """
    settings = settings or Settings()
    emulator = create_emulator(settings)
    app = FastAPI(
        title="Stripe emulator", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan
    )
    app.add_middleware(OriginGuard, hosts=settings.hosts)
    app.state.emulator = emulator
    app.state.webhook_sender = WebhookSender(emulator, settings.webhooks)
    app.mount("/v1", StripeApi(emulator, abort or _leave_open))
    app.include_router(control_router(emulator))
    app.include_router(dashboard_router(emulator, settings, is_stopping))
    app.add_middleware(_BoundedControl, max_bytes=settings.bounds.max_body_bytes)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


class _BoundedControl:
    """Limits the bodies of the control API; the Stripe API limits its own, and logs them."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._stripe = app
        refuse = PlainTextResponse(f"The limit is {max_bytes} bytes.\n", 413)
        self._control = BoundedBody(app, max_bytes, refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_stripe = scope["type"] == "http" and scope["path"].startswith("/v1/")
        await (self._stripe if is_stripe else self._control)(scope, receive, send)


def create_emulator(settings: Settings) -> Emulator:
    """Build an emulator, restored from the settings' journal if there is one.

    Raises:
        UnusableJournal: If the journal cannot be read.
    """
    emulator = Emulator(settings)
    if settings.journal is not None:
        seed = secrets.randbits(32) if settings.effective_seed is None else settings.effective_seed
        journal = Journal(settings.journal, seed)
        try:
            restore(emulator, journal)
        except UnusableJournal:
            journal.close()
            raise
    emulator.configure_forwarding()
    return emulator


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    watching = asyncio.create_task(_apply_deadlines(app.state.emulator))
    async with app.state.webhook_sender.running():
        yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    app.state.emulator.close()


async def _apply_deadlines(emulator: Emulator) -> None:
    """Apply deadlines periodically, without a request too."""
    while True:
        emulator.apply_deadlines()
        await asyncio.sleep(_POLL_SECONDS)


def _leave_open(client: tuple[str, int] | None) -> None:
    del client
