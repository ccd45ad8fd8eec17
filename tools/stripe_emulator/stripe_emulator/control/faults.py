"""The part of the control API that breaks things: faults and the rate limit."""

from fastapi import APIRouter
from fastapi.responses import Response

from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.rate_limit import RateLimit
from stripe_emulator.wire.json import JsonObject, encode


def faults_router(emulator: Emulator) -> APIRouter:
    """Arm faults, list them and those that hit, disarm them."""
    router = APIRouter(prefix="/faults")

    @router.get("")
    async def list_faults() -> Response:
        faults = emulator.faults
        armed = [armed.as_json() for armed in faults.armed]
        body = encode({"seed": faults.seed, "armed": armed, "log": faults.log})
        return Response(body, media_type="application/json")

    @router.post("", status_code=201)
    async def arm(fault: Fault) -> JsonObject:
        return emulator.faults.arm(fault).as_json()

    @router.delete("", status_code=204)
    async def clear() -> None:
        emulator.faults.clear()

    return router


def rate_limit_router(emulator: Emulator) -> APIRouter:
    """Set the rate limit, read it, take it away."""
    router = APIRouter(prefix="/rate_limit")

    @router.get("")
    async def read() -> RateLimit | None:
        return emulator.faults.rate_limit

    @router.put("")
    async def limit_rate(limit: RateLimit) -> RateLimit:
        emulator.faults.limit_rate(limit)
        return limit

    @router.delete("", status_code=204)
    async def unlimit() -> None:
        emulator.faults.limit_rate(None)

    return router
