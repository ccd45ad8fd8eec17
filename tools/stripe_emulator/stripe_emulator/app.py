"""The emulator as an ASGI application."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from stripe_emulator.control.router import control_router
from stripe_emulator.control.webhooks import webhooks_router
from stripe_emulator.dashboard.router import dashboard_router
from stripe_emulator.emulator import Emulator
from stripe_emulator.http.origins import OriginGuard
from stripe_emulator.http.stripe_api import Abort, StripeApi
from stripe_emulator.journal.journal import Journal, UnusableJournal
from stripe_emulator.journal.restore import restore
from stripe_emulator.settings import Settings
from stripe_emulator.webhooks.sender import WebhookSender

_LOOK_SECONDS = 0.5


def create_app(
    settings: Settings | None = None,
    abort: Abort | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """An emulator with an empty account, or with that of the journal in its settings.

    Args:
        settings: the emulator's settings.
        abort: resets a client's connection; without it the faults that reset one answer 500,
            as an ASGI application cannot reset a connection by itself.
        is_stopping: whether the server is about to stop, which ends the streams of open pages.

    Raises:
        UnusableJournal: the journal cannot be read.
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
    app.include_router(webhooks_router(emulator))
    app.include_router(dashboard_router(emulator, settings, is_stopping))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def create_emulator(settings: Settings) -> Emulator:
    """An emulator, as its journal left it where the settings name one.

    Raises:
        UnusableJournal: the journal cannot be read.
    """
    emulator = Emulator(settings)
    if settings.journal is not None:
        seed = secrets.randbits(32) if settings.any_seed is None else settings.any_seed
        journal = Journal(settings.journal, seed)
        try:
            restore(emulator, journal)
        except UnusableJournal:
            journal.close()
            raise
    emulator.forward_events()
    return emulator


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    watching = asyncio.create_task(_watch(app.state.emulator))
    async with app.state.webhook_sender.running():
        yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    app.state.emulator.close()


async def _watch(emulator: Emulator) -> None:
    """Notice what the passing of time does, also when nobody asks anything."""
    while True:
        emulator.look()
        await asyncio.sleep(_LOOK_SECONDS)


def _leave_open(client: tuple[str, int] | None) -> None:
    del client
