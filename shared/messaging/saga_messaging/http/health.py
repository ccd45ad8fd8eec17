"""`/healthz`: the process answers. `/readyz`: it can do its work, or which part it lacks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from fastapi import APIRouter
from fastapi.responses import JSONResponse

Check: TypeAlias = Callable[[], Awaitable[str | None]]
"""None where all is well, else what is wrong, in a few words. It may also raise."""

CHECK_TIMEOUT_SECONDS: Final = 3.0


def health_router(checks: Mapping[str, Check]) -> APIRouter:
    """The two endpoints. A check that takes longer than three seconds has failed."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        results = await asyncio.gather(*(_result(check) for check in checks.values()))
        faults = {name: fault for name, fault in zip(checks, results, strict=True) if fault}
        body = {name: faults.get(name, "ok") for name in checks}
        return JSONResponse(body, status_code=503 if faults else 200)

    return router


async def _result(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a check that raises has found a fault
        return f"{type(error).__name__}: {error}"
