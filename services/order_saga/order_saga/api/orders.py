"""The orders API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Header, Query, Response
from fastapi_problem.error import BadRequestProblem, NotFoundProblem, UnprocessableProblem
from pydantic import BaseModel
from saga_messaging.http.problems import RETRY_AFTER_SECONDS, Handler, ServiceUnavailable
from saga_messaging.postgres.database import Database
from saga_schemas.values import Identifier
from starlette.requests import Request

from order_saga.api import queries
from order_saga.api.queries import OrderPage, OrderView
from order_saga.api.schemas import OrderRequest
from order_saga.create_order.state import State
from order_saga.errors import (
    CursorUnknown,
    DefinitionUnknown,
    IdempotencyKeyReused,
    NewOrdersPaused,
)
from order_saga.runtime.orders import OrderDesk
from order_saga.settings import OrderSagaSettings

POLL_AFTER_SECONDS = "1"

Responses: TypeAlias = dict[int | str, dict[str, Any]]


def problem(description: str) -> dict[str, Any]:
    """A response that is a problem, for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


_PLACED: Final[Responses] = {
    202: {
        "description": "The order is taken, and its saga has begun.",
        "headers": {
            "Location": _header("Where to see what becomes of the order."),
            "Retry-After": _header("Seconds after which to look there first."),
        },
    },
    413: problem("The body is too large."),
    422: problem("A field is wrong, or the idempotency key was used with another order."),
    503: problem(
        "The database is away, new orders are paused, or only a newer replica knows the order of "
        "this key: try again, with the same key."
    ),
}
_WRONG_FIELD: Final = problem("A field is wrong.")
_SHOWN: Final[Responses] = {404: problem("There is no such order."), 422: _WRONG_FIELD}
_LISTED: Final[Responses] = {400: problem("The cursor is wrong."), 422: _WRONG_FIELD}


class UnknownOrder(NotFoundProblem):
    """404."""

    title = "There is no such order."


class WrongCursor(BadRequestProblem):
    """400."""

    title = "The cursor is none that a page named."


class KeyReused(UnprocessableProblem):
    """422, as the draft of the Idempotency-Key header has it.

    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """

    title = "The idempotency key was used for something else."


class Paused(ServiceUnavailable):
    """503."""

    title = "No new orders are taken now."


class TooNew(ServiceUnavailable):
    """503."""

    title = "This replica does not have the version of the order's saga."


def _too_new(_: Any, __: Request, unknown: DefinitionUnknown) -> TooNew:
    return TooNew(
        detail=f"{unknown}. Send the same request again: another replica may answer it.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )


PROBLEMS: Final[Mapping[type[Exception], Handler]] = {DefinitionUnknown: _too_new}
"""What any path may answer, beside what every service does."""


class Accepted(BaseModel):
    """The order is taken; GET its Location to see what becomes of it."""

    id: str
    state: State | str
    deadline_at: datetime | None


def orders_router(desk: OrderDesk, database: Database, settings: OrderSagaSettings) -> APIRouter:
    """POST /orders, GET /orders, GET /orders/{id}."""
    router = APIRouter(tags=["orders"])
    patience = settings.database_give_up_seconds

    @router.post("/orders", status_code=202, responses=_PLACED)
    async def place_order(  # pyright: ignore[reportUnusedFunction]
        order: OrderRequest,
        response: Response,
        idempotency_key: Annotated[Identifier | None, Header()] = None,
    ) -> Accepted:
        """Take an order. Sent again with the same Idempotency-Key, it stays one order."""
        try:
            saga = await desk.place(order.placement(idempotency_key))
        except IdempotencyKeyReused:
            raise KeyReused(
                detail="Idempotency-Key: use a new one for a new order",
            ) from None
        except NewOrdersPaused as paused:
            raise Paused(
                detail=str(paused),
                headers={"Retry-After": str(settings.pause_retry_after_seconds)},
                by=paused.by,
                note=paused.note,
                since=paused.since.isoformat(),
            ) from None
        response.headers["Location"] = f"/orders/{saga.id}"
        response.headers["Retry-After"] = POLL_AFTER_SECONDS
        return Accepted(id=saga.id, state=saga.state, deadline_at=saga.deadline_at)

    @router.get("/orders/{order_id}", responses=_SHOWN)
    async def show_order(order_id: Identifier) -> OrderView:  # pyright: ignore[reportUnusedFunction]
        """Where an order stands, why, and each message of its saga."""
        view = await database.transaction(
            lambda connection: queries.find_order(connection, order_id, settings.history_limit),
            give_up_after_seconds=patience,
        )
        if view is None:
            raise UnknownOrder(detail=f"There is no order {order_id}.")
        return view

    @router.get("/orders", responses=_LISTED)
    async def list_orders(  # noqa: PLR0913, PLR0917 # pyright: ignore[reportUnusedFunction]
        state: State | None = None,
        clerk_user_id: Identifier | None = None,
        overdue: bool | None = None,
        stuck: bool | None = None,
        limit: Annotated[int, Query(ge=1, le=settings.list_limit)] = min(20, settings.list_limit),
        cursor: Identifier | None = None,
    ) -> OrderPage:
        """Orders, newest first; `cursor` is the `next_cursor` of the page before.

        `stuck`: those that need attention, are overdue, whose deadline has passed, or that have a
        reply which waits for a newer replica.
        """
        try:
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
                give_up_after_seconds=patience,
            )
        except CursorUnknown:
            raise WrongCursor(detail="cursor: take it from next_cursor") from None

    return router
