"""What may be asked of an order, over HTTP: capture, cancel, refund; and by operators."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import uuid4

from fastapi import APIRouter, Header, Response
from fastapi_problem.error import ConflictProblem
from pydantic import BaseModel, ConfigDict, Field
from saga_engine.messages import ResolveRequested, RetryRequested
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.values import Amount, Identifier, ShortText

from order_saga.api.orders import POLL_AFTER_SECONDS, KeyReused, UnknownOrder, problem
from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import State
from order_saga.errors import IdempotencyKeyReused, OrderUnknown
from order_saga.runtime.actions import OrderActions

NeededKey: TypeAlias = Annotated[Identifier, Header(alias="Idempotency-Key")]
Key: TypeAlias = Annotated[Identifier | None, Header(alias="Idempotency-Key")]

RESPONSES: dict[int | str, dict[str, Any]] = {
    404: problem("There is no such order."),
    409: problem("The order's state forbids it; `detail` says why."),
    422: problem("A field is wrong, or the idempotency key was used for something else."),
    503: problem(
        "The database is away, or only a newer replica knows the order: try again, with the same "
        "idempotency key."
    ),
}


class Forbidden(ConflictProblem):
    """409."""

    title = "The order's state forbids it."


class Asking(BaseModel):
    """Who asks, and why: both stand in the order's history."""

    model_config = ConfigDict(extra="forbid")

    by: Identifier = "api"
    note: ShortText = ""


class AskingForMoney(Asking):
    """Likewise; without an `amount` (in the currency's minor unit), all there is."""

    amount: Amount | None = None


class Resolution(Asking):
    """Likewise; `as` is the state that the order ends in."""

    resolution: State = Field(alias="as")


ALL = AskingForMoney()
NOTHING_SAID = Asking()


class Accepted(BaseModel):
    """The order as it stands; GET its Location to see what becomes of it."""

    id: str
    state: State | str
    effect: str


def actions_router(actions: OrderActions) -> APIRouter:
    """POST /orders/{id}/capture, /cancel, /refund, /retry, /resolve."""
    router = APIRouter(prefix="/orders/{order_id}", tags=["orders"])

    @router.post("/capture", status_code=202, responses=RESPONSES)
    async def capture(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, asking: AskingForMoney = ALL, key: Key = None
    ) -> Accepted:
        """Take the money on hold, or a part of it; the rest is released."""
        return await answer(actions, _request(CaptureRequested, order_id, asking, key), response)

    @router.post("/cancel", status_code=202, responses=RESPONSES)
    async def cancel(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, asking: Asking = NOTHING_SAID, key: Key = None
    ) -> Accepted:
        """Call the order off: release the hold, or give back what was taken."""
        return await answer(actions, _request(CancelRequested, order_id, asking, key), response)

    @router.post("/refund", status_code=202, responses=RESPONSES)
    async def refund(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, key: NeededKey, asking: AskingForMoney = ALL
    ) -> Accepted:
        """Give back what was taken, or a part of it.

        There may be several refunds, so only the key tells a second one from the same once more.
        """
        return await answer(actions, _request(RefundRequested, order_id, asking, key), response)

    @router.post("/retry", status_code=202, responses=RESPONSES)
    async def retry(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, asking: Asking = NOTHING_SAID, key: Key = None
    ) -> Accepted:
        """Try the step again that needs attention."""
        return await answer(actions, _request(RetryRequested, order_id, asking, key), response)

    @router.post("/resolve", status_code=202, responses=RESPONSES)
    async def resolve(  # pyright: ignore[reportUnusedFunction]
        order_id: Identifier, response: Response, asking: Resolution, key: Key = None
    ) -> Accepted:
        """End an order that needs attention by hand; nothing is sent to Stripe."""
        return await answer(actions, _request(ResolveRequested, order_id, asking, key), response)

    return router


def _request(message: type[Envelope], order_id: str, asking: Asking, key: str | None) -> Envelope:
    named = derived_message_id(order_id, message.model_fields["type"].default, key)
    payload = asking.model_dump(mode="json", by_alias=True)
    return message.model_validate(
        {
            "type": message.model_fields["type"].default,
            "correlation_id": order_id,
            "timestamp": datetime.now(UTC),
            "payload": payload,
            "source": "order-saga",
            "message_id": named if key else uuid4(),
        }
    )


async def answer(actions: OrderActions, request: Envelope, response: Response) -> Accepted:
    """What a request did, as 202; or why it did nothing.

    Raises:
        UnknownOrder, KeyReused, Forbidden: 404, 422, 409.
        DefinitionUnknown: 503, by PROBLEMS.
    """
    try:
        taken = await actions.take(request)
    except OrderUnknown:
        raise UnknownOrder(detail=f"There is no order {request.correlation_id}.") from None
    except IdempotencyKeyReused:
        raise KeyReused(detail="Idempotency-Key: use a new one for a new request") from None
    if taken.refused:
        raise Forbidden(detail=taken.effect)
    response.headers["Location"] = f"/orders/{taken.saga.id}"
    response.headers["Retry-After"] = POLL_AFTER_SECONDS
    return Accepted(id=taken.saga.id, state=taken.saga.state, effect=taken.effect)
