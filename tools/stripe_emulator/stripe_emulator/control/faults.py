"""The routes of faults and of the rate limit."""

from fastapi import APIRouter
from fastapi.responses import Response

from stripe_emulator.control.responses import json_response
from stripe_emulator.emulator import Emulator
from stripe_emulator.faults.fault import Fault
from stripe_emulator.faults.rate_limit import RateLimit
from stripe_emulator.wire.json import JsonObject


def faults_router(emulator: Emulator) -> APIRouter:
    """Build the routes that arm, list and disarm faults."""
    router = APIRouter(prefix="/faults")

    @router.get("")
    async def list_faults() -> Response:
        faults = emulator.faults
        armed = [armed.as_json() for armed in faults.armed]
        return json_response({"seed": faults.seed, "armed": armed, "log": faults.log})

    @router.post("", status_code=201)
    async def arm(fault: Fault) -> JsonObject:
        return emulator.faults.arm(fault).as_json()

    @router.delete("", status_code=204)
    async def clear() -> None:
        emulator.faults.clear()

    return router


def rate_limit_router(emulator: Emulator) -> APIRouter:
    """Build the routes that set, read and remove the rate limit."""
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
