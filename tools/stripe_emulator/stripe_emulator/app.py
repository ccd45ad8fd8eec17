"""The emulator as an ASGI application."""

from fastapi import FastAPI

from stripe_emulator.api import Abort, StripeApi
from stripe_emulator.control import control_router
from stripe_emulator.emulator import Emulator
from stripe_emulator.settings import Settings


def create_app(settings: Settings | None = None, abort: Abort | None = None) -> FastAPI:
    """An emulator with an empty account.

    Args:
        settings: the emulator's settings.
        abort: resets a client's connection; without it the faults that reset one answer 500,
            as an ASGI application cannot reset a connection by itself.
    """
    app = FastAPI(title="Stripe emulator", docs_url=None, redoc_url=None, openapi_url=None)
    emulator = Emulator(settings or Settings())
    app.state.emulator = emulator
    app.mount("/v1", StripeApi(emulator, abort or _leave_open))
    app.include_router(control_router(emulator))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _leave_open(client: tuple[str, int] | None) -> None:
    del client
