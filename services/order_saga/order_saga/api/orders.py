"""POST /orders, GET /orders, GET /orders/{id}."""

from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from saga_messaging.http.openapi import problem
from saga_messaging.postgres.database import Database
from saga_schemas.values import Identifier

from order_saga.api import queries
from order_saga.api.history import HistoryPage, find_page
from order_saga.api.queries import OrderPage, OrderView
from order_saga.api.schemas import OrderAccepted, OrderRequest
from order_saga.create_order.state import State
from order_saga.runtime.orders import Orders
from order_saga.settings import OrderSagaSettings

POLL_AFTER_SECONDS: Final = "1"

Responses: TypeAlias = dict[int | str, dict[str, Any]]


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


_INVALID: Final = problem("A field is invalid.")
_PLACE: Final[Responses] = {
    202: {
        "description": "The order is accepted, and its saga has started.",
        "headers": {
            "Location": _header("The URL of the order."),
            "Retry-After": _header("Seconds to wait before the order is first read."),
        },
    },
    413: problem("The request body is too large."),
    422: problem("A field is invalid, or the idempotency key was used for another order."),
    503: problem(
        "The database is unavailable, new orders are paused, too many orders are waiting, or only "
        "a newer replica has the order of this idempotency key. Retry with the same key."
    ),
}
_SHOW: Final[Responses] = {404: problem("Order not found."), 422: _INVALID}
_LIST: Final[Responses] = {400: problem("Unknown cursor."), 422: _INVALID}


def orders_router(orders: Orders, database: Database, settings: OrderSagaSettings) -> APIRouter:
    """Return the routes that place, show and list orders."""
    router = APIRouter(tags=["orders"])
    give_up_after = settings.database_give_up_seconds

    @router.post("/orders", status_code=202, responses=_PLACE)
    async def place_order(  # pyright: ignore[reportUnusedFunction]
        order: OrderRequest,
        response: Response,
        idempotency_key: Annotated[Identifier | None, Header()] = None,
    ) -> OrderAccepted:
        """Place an order. A repeated Idempotency-Key returns the order that it first placed."""
        saga = await orders.place(order.placement(idempotency_key))
        response.headers["Location"] = f"/orders/{saga.id}"
        response.headers["Retry-After"] = POLL_AFTER_SECONDS
        return OrderAccepted(id=saga.id, state=saga.state, deadline_at=saga.deadline_at)

    @router.get("/orders/{order_id}", responses=_SHOW)
    async def show_order(order_id: Identifier) -> OrderView:  # pyright: ignore[reportUnusedFunction]
        """Return an order: its state, the reason, and the messages of its saga."""
        return await database.transaction(
            lambda connection: queries.get_order(
                connection, order_id, settings.history_limit, settings.history_first
            ),
            give_up_after_seconds=give_up_after,
        )

    @router.get("/orders/{order_id}/history", responses={**_SHOW, **_LIST})
    async def show_history(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier,
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = settings.list_limit,
        cursor: UUID | None = None,
    ) -> HistoryPage:
        """Page through an order's whole history, oldest entry first.

        `cursor` is the `next_cursor` of the previous page.
        """
        return await database.transaction(
            lambda connection: find_page(connection, order_id, limit, cursor),
            give_up_after_seconds=give_up_after,
        )

    @router.get("/orders", responses=_LIST)
    async def list_orders(  # noqa: PLR0913, PLR0917 # pyright: ignore[reportUnusedFunction]
        state: State | None = None,
        clerk_user_id: Identifier | None = None,
        overdue: bool | None = None,
        stuck: bool | None = None,
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = min(20, settings.list_limit),
        cursor: Identifier | None = None,
    ) -> OrderPage:
        """List orders, newest first; `cursor` is the `next_cursor` of the previous page.

        `stuck` selects orders that need attention, are overdue, have a deadline that passed, or
        have a reply that waits for a newer replica.
        """
        return await database.transaction(
            lambda connection: queries.list_orders(
                connection,
                state=state,
                clerk_user_id=clerk_user_id,
                overdue=overdue,
                stuck=stuck,
                limit=limit,
                cursor=cursor,
            ),
            give_up_after_seconds=give_up_after,
        )

    return router
