"""The HTTP endpoint that shows a payment."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from saga_messaging.http.openapi import problem
from saga_messaging.postgres.database import Database
from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.payment_lifecycle import OperationFailedPayload
from saga_schemas.values import Amount, Currency, Identifier
from sqlalchemy import Connection

from payment_service.errors import PaymentNotFound
from payment_service.model.payment import PaymentStatus, RefundStatus
from payment_service.storage import repository


class RefundView(BaseModel):
    """A refund. One created at Stripe by hand has Stripe's id as its `refund_id`."""

    refund_id: str
    stripe_refund_id: str | None
    amount: Amount
    status: RefundStatus
    failure: OperationFailedPayload | None
    created_at: datetime
    updated_at: datetime


class PaymentView(BaseModel):
    """A payment. A tombstone, canceled before its authorization, has no amount and no customer.

    Amounts are in the currency's minor unit.

    Attributes:
        captured: The captured amount; `released` is the rest, once the hold has ended.
        refunded: The sum of the successful refunds.
        operation: The operation in progress at Stripe and its command; None while idle.
        operation_since: When the newest operation began.
        waiting: The operations that are decided once that one has ended.
        attempts: The number of leases so far.
        next_try_at: When the operation may be taken up again.
        settle_after: Set once no more requests are sent: when an absence at Stripe is final.
        last_error: The reason the operation was last postponed.
        key_round: The attempt of the idempotency key; more than 1 once a key has a stored failure.
    """

    saga_id: str
    status: PaymentStatus
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
    """Build the router of `GET /payments/{saga_id}`."""
    router = APIRouter(tags=["payments"])

    # `:path`: a saga's id comes from a message, and may contain a slash.
    @router.get("/payments/{saga_id:path}", responses={404: problem("The saga has no payment.")})
    async def show_payment(saga_id: Identifier) -> PaymentView:  # pyright: ignore[reportUnusedFunction]
        """Return the saga's payment."""
        view = await database.transaction(
            lambda connection: _view(connection, saga_id), give_up_after_seconds=give_up_seconds
        )
        if view is None:
            raise PaymentNotFound(f"Saga {saga_id} has no payment.")
        return view

    return router


def _view(connection: Connection, saga_id: str) -> PaymentView | None:
    row = repository.find_row(connection, saga_id)
    if row is None:
        return None
    refunds = [RefundView(**refund) for refund in repository.find_refunds(connection, saga_id)]
    amounts = [refund.amount for refund in refunds if refund.status is RefundStatus.REFUNDED]
    return PaymentView.model_validate({**row, "refunds": refunds, "refunded": sum(amounts)})
