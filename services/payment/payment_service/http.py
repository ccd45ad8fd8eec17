"""The HTTP edge: a payment as it stands."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi_problem.error import NotFoundProblem
from pydantic import BaseModel
from saga_messaging.database import Database
from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.settlement import SettlementFailedPayload
from saga_schemas.values import Amount, Currency, Identifier
from sqlalchemy import Connection

from payment_service.model.payment import RefundStatus, Status
from payment_service.storage import repository


class PaymentNotFound(NotFoundProblem):
    """No command of this saga has arrived that left a payment behind."""

    title = "There is no such payment."


class RefundView(BaseModel):
    """A refund; one that was made at Stripe has Stripe's id for `refund_id`."""

    refund_id: str
    stripe_refund_id: str | None
    amount: Amount
    status: RefundStatus
    failure: SettlementFailedPayload | None
    created_at: datetime
    updated_at: datetime


class PaymentView(BaseModel):
    """A payment. A tombstone, canceled before it was authorized, has no amount and no customer.

    Attributes:
        captured: Taken of the amount; `released` was not, once the hold is over.
        refunded: Given back of what was captured, in `refunds`.
        operation: What is under way at Stripe, and which command asked for it; None at rest.
        operation_since: When the newest operation was begun.
        waiting: What is decided once that has ended.
        attempts: How often the payment was leased.
        next_try_at: When the operation may be taken up again.
        settle_after: Set once no more requests are made: when its absence at Stripe is final.
        last_error: Why it was postponed the last time.
        key_round: More than 1 once an idempotency key has kept a failure.
    """

    saga_id: str
    status: Status
    amount: Amount | None
    captured: int
    released: int
    refunded: int
    currency: Currency | None
    description: str | None
    clerk_user_id: str | None
    stripe_customer_id: str | None
    payment_method_id: str | None
    payment_intent_id: str | None
    capture_before: datetime | None
    failure: PaymentFailedPayload | None
    operation: dict[str, Any] | None
    operation_since: datetime | None
    waiting: list[dict[str, Any]]
    attempts: int
    last_error: str | None
    next_try_at: datetime | None
    settle_after: datetime | None
    key_round: int
    created_at: datetime
    updated_at: datetime
    refunds: list[RefundView]


def payments_router(database: Database, give_up_seconds: float) -> APIRouter:
    """GET /payments/{saga_id}."""
    router = APIRouter(tags=["payments"])

    @router.get("/payments/{saga_id}")
    async def show_payment(saga_id: Identifier) -> PaymentView:  # pyright: ignore[reportUnusedFunction]
        view = await database.transaction(
            lambda connection: _view(connection, saga_id), give_up_after_seconds=give_up_seconds
        )
        if view is None:
            raise PaymentNotFound(f"No command of saga {saga_id} has arrived.")
        return view

    return router


def _view(connection: Connection, saga_id: str) -> PaymentView | None:
    row = repository.find_row(connection, saga_id)
    if row is None:
        return None
    refunds = [RefundView(**refund) for refund in repository.find_refunds(connection, saga_id)]
    given = [refund.amount for refund in refunds if refund.status is RefundStatus.REFUNDED]
    return PaymentView.model_validate({**row, "refunds": refunds, "refunded": sum(given)})
