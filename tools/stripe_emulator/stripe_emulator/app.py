"""The emulator as an ASGI application."""

from collections.abc import Callable

from fastapi import FastAPI

from stripe_emulator.api import Abort, StripeApi
from stripe_emulator.control import control_router
from stripe_emulator.dashboard import dashboard_router
from stripe_emulator.emulator import Emulator
from stripe_emulator.settings import Settings


def create_app(
    settings: Settings | None = None,
    abort: Abort | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """An emulator with an empty account.

    Args:
        settings: the emulator's settings.
        abort: resets a client's connection; without it the faults that reset one answer 500,
            as an ASGI application cannot reset a connection by itself.
        is_stopping: whether the server is about to stop, which ends the streams of open pages.
    """
    app = FastAPI(title="Stripe emulator", docs_url=None, redoc_url=None, openapi_url=None)
    settings = settings or Settings()
    emulator = Emulator(settings)
    app.state.emulator = emulator
    app.mount("/v1", StripeApi(emulator, abort or _leave_open))
    app.include_router(control_router(emulator))
    app.include_router(dashboard_router(emulator, settings, is_stopping))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _leave_open(client: tuple[str, int] | None) -> None:
    del client
