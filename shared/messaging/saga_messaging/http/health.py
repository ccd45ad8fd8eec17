"""Health endpoints: `/healthz` for liveness, `/readyz` for readiness."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from fastapi import APIRouter
from fastapi.responses import JSONResponse

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""Returns None on success, else a short reason, perhaps `Degraded`. An exception is a failure."""

CHECK_TIMEOUT_SECONDS: Final = 3.0


class Degraded(str):
    """A reason that needs an operator, while the process can still do its work: it stays ready."""

    __slots__ = ()


def health_router(checks: Mapping[str, Check]) -> APIRouter:
    """Return the two endpoints. `/readyz` runs all checks at once, each up to three seconds."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """Report that the process is running."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Report each dependency as `ok` or with the reason of its failure, then with 503.

        What is degraded begins with `degraded: ` and is no failure.
        """
        results = await asyncio.gather(*(_run(check) for check in checks.values()))
        reasons = {name: reason for name, reason in zip(checks, results, strict=True) if reason}
        failed = any(not isinstance(reason, Degraded) for reason in reasons.values())
        body = {name: _text(reasons.get(name)) for name in checks}
        return JSONResponse(body, status_code=503 if failed else 200)

    return router


def _text(reason: str | None) -> str:
    return f"degraded: {reason}" if isinstance(reason, Degraded) else reason or "ok"


async def _run(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check()
    except TimeoutError:
        return f"no response within {CHECK_TIMEOUT_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - an exception is a failed check
        return f"{type(error).__name__}: {error}"
