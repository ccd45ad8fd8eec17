"""POST /controls/pause and /controls/resume, GET /controls: whether new orders are taken."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from saga_messaging.postgres.database import Database
from saga_schemas.values import Identifier, ShortText
from sqlalchemy import Connection

from order_saga.api.problems import problem
from order_saga.api.schemas import NO_NOTE, ActionRequest
from order_saga.runtime.pause import (
    Controls,
    find_controls,
    pause_new_orders,
    resume_new_orders,
)
from order_saga.settings import OrderSagaSettings


class PauseRequest(BaseModel):
    """Who stops new orders, and why: everybody whose order is refused is told."""

    model_config = ConfigDict(extra="forbid")

    by: Identifier = "api"
    note: Annotated[ShortText, Field(min_length=1)]


_AWAY = {503: problem("The database is away.")}


def controls_router(database: Database, settings: OrderSagaSettings) -> APIRouter:
    """What is under way goes on in any case; only new orders are stopped."""
    router = APIRouter(prefix="/controls", tags=["operators"], responses={**_AWAY})

    async def done(work: Callable[[Connection], None]) -> Controls:
        def change(connection: Connection) -> Controls:
            work(connection)
            return find_controls(connection, settings.list_limit)

        return await database.transaction(
            change, give_up_after_seconds=settings.database_give_up_seconds
        )

    @router.get("")
    async def show_controls() -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Whether new orders are taken, and who has changed that, newest first."""
        return await done(lambda _: None)

    @router.post("/pause")
    async def pause(asking: PauseRequest) -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Answer POST /orders with 503 from now on, on every replica, also after a restart."""
        return await done(lambda connection: pause_new_orders(connection, asking.by, asking.note))

    @router.post("/resume")
    async def resume(asking: ActionRequest = NO_NOTE) -> Controls:  # pyright: ignore[reportUnusedFunction]
        """Take new orders again."""
        return await done(lambda connection: resume_new_orders(connection, asking.by, asking.note))

    return router
