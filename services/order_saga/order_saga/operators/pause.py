"""GET /controls, POST /controls/pause and /controls/resume: pause new orders."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from saga_messaging.http.openapi import problem
from saga_messaging.postgres.database import Database
from saga_schemas.values import Identifier, ShortText
from sqlalchemy import Connection

from order_saga.api.schemas import NO_NOTE, ActionRequest
from order_saga.runtime.pause import (
    Controls,
    find_controls,
    pause_new_orders,
    resume_new_orders,
)
from order_saga.settings import OrderSagaSettings


class PauseRequest(BaseModel):
    """Who pauses new orders, and why; both are part of the response that refuses an order."""

    model_config = ConfigDict(extra="forbid")

    by: Identifier = "api"
    note: Annotated[ShortText, Field(min_length=1)]


def controls_router(database: Database, settings: OrderSagaSettings) -> APIRouter:
    """Return the router. A pause affects new orders only; placed orders continue."""
    unavailable = problem("The database is unavailable.")
    router = APIRouter(prefix="/controls", tags=["operators"], responses={503: unavailable})

    async def run(change: Callable[[Connection], None]) -> Controls:
        def work(connection: Connection) -> Controls:
            change(connection)
            return find_controls(connection, settings.list_limit)

        return await database.transaction(
            work, give_up_after_seconds=settings.database_give_up_seconds
        )

    @router.get("")
    async def show_controls() -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Show whether new orders are paused, and who changed it, newest first."""
        return await run(lambda _: None)

    @router.post("/pause")
    async def pause(asking: PauseRequest) -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Refuse new orders with 503 until `resume`, on every replica and across restarts."""
        return await run(lambda connection: pause_new_orders(connection, asking.by, asking.note))

    @router.post("/resume")
    async def resume(asking: ActionRequest = NO_NOTE) -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Accept new orders again."""
        return await run(lambda connection: resume_new_orders(connection, asking.by, asking.note))

    return router
