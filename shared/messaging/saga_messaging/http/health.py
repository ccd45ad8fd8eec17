"""Endpoints for a supervisor: `/healthz` (liveness), `/readyz` (readiness), `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""Returns None on success, else a short reason, perhaps `Degraded`. An exception is a failure."""

CHECK_TIMEOUT_SECONDS: Final = 3.0
LIVENESS_PATH: Final = "/healthz"
READINESS_PATH: Final = "/readyz"


class Degraded(str):
    """A reason that needs an operator, while the process can still do its work: it stays ready."""

    __slots__ = ()


def health_router(checks: Mapping[str, Check]) -> APIRouter:
    """Return the endpoints. `/readyz` runs all checks at once, each up to three seconds."""
    router = APIRouter(tags=["health"])

    @router.get(LIVENESS_PATH)
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """Report that the process is running."""
        return {"status": "ok"}

    @router.get(
        READINESS_PATH,
        response_model=dict[str, str],
        responses={503: {"description": "A dependency has failed.", "model": dict[str, str]}},
    )
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Report each dependency as `ok` or with the reason of its failure, then with 503.

        What is degraded begins with `degraded: ` and is no failure.
        """
        results = await asyncio.gather(*(run_check(check) for check in checks.values()))
        reasons = {name: reason for name, reason in zip(checks, results, strict=True) if reason}
        failed = any(not isinstance(reason, Degraded) for reason in reasons.values())
        body = {name: _text(reasons.get(name)) for name in checks}
        return JSONResponse(body, status_code=503 if failed else 200)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Return the counters of the process in Prometheus's text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _text(reason: str | None) -> str:
    return f"degraded: {reason}" if isinstance(reason, Degraded) else reason or "ok"


async def run_check(check: Check) -> str | None:
    """Return None on success, else the reason; a check fails if it raises or takes too long."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check()
    except TimeoutError:
        return f"no response within {CHECK_TIMEOUT_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - an exception is a failed check
        return f"{type(error).__name__}: {error}"
