"""The orders API."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi_problem.error import BadRequestProblem, NotFoundProblem, UnprocessableProblem
from pydantic import BaseModel
from saga_messaging.database import Database
from saga_schemas.values import Identifier

from order_saga import queries
from order_saga.desk import OrderDesk
from order_saga.domain import State
from order_saga.errors import IdempotencyKeyReused
from order_saga.queries import OrderPage, OrderView
from order_saga.requests import OrderRequest
from order_saga.settings import OrderSagaSettings

POLL_AFTER_SECONDS = "1"


class UnknownOrder(NotFoundProblem):
    """404."""

    title = "There is no such order."


class WrongCursor(BadRequestProblem):
    """400."""

    title = "The cursor is not one of this API's."


class KeyReused(UnprocessableProblem):
    """422, as the draft of the Idempotency-Key header has it.

    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """

    title = "The idempotency key was used with another order."


class Accepted(BaseModel):
    """The order is taken; GET its Location to see what becomes of it."""

    id: str
    state: State
    deadline_at: datetime | None


def orders_router(desk: OrderDesk, database: Database, settings: OrderSagaSettings) -> APIRouter:
    """POST /orders, GET /orders, GET /orders/{id}."""
    router = APIRouter(tags=["orders"])
    patience = settings.place_order_timeout_seconds

    @router.post("/orders", status_code=202)
    async def place_order(  # pyright: ignore[reportUnusedFunction]
        order: OrderRequest,
        response: Response,
        idempotency_key: Annotated[Identifier | None, Header()] = None,
    ) -> Accepted:
        try:
            saga = await desk.place(order.placement(idempotency_key))
        except IdempotencyKeyReused:
            raise KeyReused(
                detail="Idempotency-Key: use a new one for a new order",
            ) from None
        response.headers["Location"] = f"/orders/{saga.id}"
        response.headers["Retry-After"] = POLL_AFTER_SECONDS
        return Accepted(id=saga.id, state=saga.state, deadline_at=saga.deadline_at)

    @router.get("/orders/{order_id}")
    async def show_order(order_id: Identifier) -> OrderView:  # pyright: ignore[reportUnusedFunction]
        view = await database.transaction(
            lambda connection: queries.find_order(connection, order_id, settings.history_limit),
            give_up_after_seconds=patience,
        )
        if view is None:
            raise UnknownOrder(detail=f"There is no order {order_id}.")
        return view

    @router.get("/orders")
    async def list_orders(  # pyright: ignore[reportUnusedFunction]
        state: State | None = None,
        clerk_user_id: Identifier | None = None,
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = min(20, settings.list_limit),
        cursor: Identifier | None = None,
    ) -> OrderPage:
        after = _decode_cursor(cursor) if cursor else None
        found = await database.transaction(
            lambda connection: queries.list_orders(
                connection, state=state, clerk_user_id=clerk_user_id, limit=limit + 1, after=after
            ),
            give_up_after_seconds=patience,
        )
        page = list(found[:limit])
        more = len(found) > limit
        return OrderPage(orders=page, next_cursor=_encode_cursor(page[-1]) if more else None)

    return router


def _encode_cursor(last: queries.OrderSummary) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, order_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        return datetime.fromisoformat(at), order_id
    except (binascii.Error, ValueError):
        raise WrongCursor(detail="cursor: take it from next_cursor") from None
