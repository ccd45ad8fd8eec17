"""The HTTP edge: a payment as it stands."""

from datetime import datetime

from fastapi import APIRouter
from fastapi_problem.error import NotFoundProblem
from pydantic import BaseModel
from saga_messaging.database import Database
from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.values import Amount, Currency, Identifier

from payment_service import repository
from payment_service.domain import Status


class PaymentNotFound(NotFoundProblem):
    """No `authorize_payment` of this saga has arrived."""

    title = "There is no such payment."


class PaymentView(BaseModel):
    """A payment.

    Attributes:
        attempts: How often an executor has taken it.
        next_try_at: When it may be taken again, while it is pending.
        settle_after: Set once no more requests are made: when its absence at Stripe is final.
        last_error: Why it was postponed the last time.
    """

    saga_id: str
    status: Status
    amount: Amount
    currency: Currency
    description: str
    clerk_user_id: str
    stripe_customer_id: str
    payment_method_id: str | None
    payment_intent_id: str | None
    capture_before: datetime | None
    failure: PaymentFailedPayload | None
    attempts: int
    last_error: str | None
    next_try_at: datetime | None
    settle_after: datetime | None
    created_at: datetime
    updated_at: datetime


def payments_router(database: Database, give_up_seconds: float) -> APIRouter:
    """GET /payments/{saga_id}."""
    router = APIRouter(tags=["payments"])

    @router.get("/payments/{saga_id}")
    async def show_payment(saga_id: Identifier) -> PaymentView:  # pyright: ignore[reportUnusedFunction]
        row = await database.transaction(
            lambda connection: repository.find_row(connection, saga_id),
            give_up_after_seconds=give_up_seconds,
        )
        if row is None:
            raise PaymentNotFound(f"No authorize_payment of saga {saga_id} has arrived.")
        return PaymentView.model_validate(dict(row))

    return router
