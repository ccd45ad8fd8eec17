"""POST /orders/{id}/capture, /cancel, /refund, /retry, /resolve."""

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias
from uuid import uuid4

from fastapi import APIRouter, Header, Response
from saga_engine.messages import ResolveRequested, RetryRequested
from saga_messaging.http.openapi import problem
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.values import Identifier

from order_saga.api.orders import POLL_AFTER_SECONDS, Responses
from order_saga.api.schemas import (
    FULL_AMOUNT,
    NO_NOTE,
    ActionRequest,
    AmountRequest,
    RequestAccepted,
    ResolveRequest,
)
from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.runtime.orders import Orders

RequiredKey: TypeAlias = Annotated[Identifier, Header(alias="Idempotency-Key")]
OptionalKey: TypeAlias = Annotated[Identifier | None, Header(alias="Idempotency-Key")]

_RESPONSES: Final[Responses] = {
    404: problem("Order not found."),
    409: problem("The order's state forbids the request; `detail` says why."),
    422: problem("A field is invalid, or the idempotency key was used for another request."),
    503: problem(
        "The database is unavailable, or only a newer replica has the order. Retry with the same "
        "idempotency key."
    ),
}


def actions_router(orders: Orders) -> APIRouter:
    """Return the routes that move an order."""
    router = APIRouter(prefix="/orders/{order_id}", tags=["orders"])

    @router.post("/capture", status_code=202, responses=_RESPONSES)
    async def capture(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier,
        response: Response,
        body: AmountRequest = FULL_AMOUNT,
        key: OptionalKey = None,
    ) -> RequestAccepted:
        """Capture the amount held, or a part of it; the rest is released."""
        return await _request(orders, _message(CaptureRequested, order_id, body, key), response)

    @router.post("/cancel", status_code=202, responses=_RESPONSES)
    async def cancel(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier,
        response: Response,
        body: ActionRequest = NO_NOTE,
        key: OptionalKey = None,
    ) -> RequestAccepted:
        """Cancel the order: release the hold, or refund what was captured."""
        return await _request(orders, _message(CancelRequested, order_id, body, key), response)

    @router.post("/refund", status_code=202, responses=_RESPONSES)
    async def refund(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier,
        response: Response,
        key: RequiredKey,
        body: AmountRequest = FULL_AMOUNT,
    ) -> RequestAccepted:
        """Refund the amount captured, or a part of it.

        An order can have several refunds, so the key is required: it tells a repeated request from
        a second refund.
        """
        return await _request(orders, _message(RefundRequested, order_id, body, key), response)

    @router.post("/retry", status_code=202, responses=_RESPONSES)
    async def retry(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier,
        response: Response,
        body: ActionRequest = NO_NOTE,
        key: OptionalKey = None,
    ) -> RequestAccepted:
        """Retry the step of an order that needs attention."""
        return await _request(orders, _message(RetryRequested, order_id, body, key), response)

    @router.post("/resolve", status_code=202, responses=_RESPONSES)
    async def resolve(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, body: ResolveRequest, key: OptionalKey = None
    ) -> RequestAccepted:
        """End an order that needs attention manually; nothing is sent to Stripe."""
        return await _request(orders, _message(ResolveRequested, order_id, body, key), response)

    return router


def _message(kind: type[Envelope], order_id: str, body: ActionRequest, key: str | None) -> Envelope:
    """Return the request as a message, with an id that follows from its key."""
    type_ = kind.model_fields["type"].default
    return kind.model_validate(
        {
            "type": type_,
            "correlation_id": order_id,
            "timestamp": datetime.now(UTC),
            "payload": body.model_dump(mode="json", by_alias=True),
            "source": "order-saga",
            "message_id": derived_message_id(order_id, type_, key) if key else uuid4(),
        }
    )


async def _request(orders: Orders, message: Envelope, response: Response) -> RequestAccepted:
    result = await orders.request(message)
    response.headers["Location"] = f"/orders/{result.saga.id}"
    response.headers["Retry-After"] = POLL_AFTER_SECONDS
    return RequestAccepted(id=result.saga.id, state=result.saga.state, effect=result.effect)
