"""What the saga knows: the order, where it stands, and the messages that are its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from saga_schemas import Envelope
from saga_schemas.values import Attempt, Customer, Failure, OrderDetails, Value


class State(StrEnum):
    """Where an order stands."""

    RETRIEVING_PAYMENT_INFO = "retrieving_payment_info"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class OrderSaga:
    """An order and how far its payment has come. Immutable; `decide` makes the next one.

    Attributes:
        id: The order's id, which is the saga's and every message's correlation id.
        attempt: Of the step in `state`, from 1.
        payment_intent_id: Stripe's, where one was made; it holds money in `authorized` only.
        capture_before: When the hold expires, where Stripe said so.
        deadline_at: When the step in `state` is overdue; None where nothing is waited for.
        overdue: The deadline has passed, and the outcome is still unknown.
    """

    id: str
    definition_version: int
    state: State
    attempt: int
    clerk_user_id: str
    order: OrderDetails
    customer: Customer | None = None
    payment_intent_id: str | None = None
    capture_before: datetime | None = None
    reason: Failure | None = None
    deadline_at: datetime | None = None
    overdue: bool = False

    def but(self, **changes: Any) -> Self:
        """The same saga with some fields changed."""
        return replace(self, **changes)


class LineItem(Value):
    """Part of an order; `unit_amount` is in the currency's minor unit."""

    name: str
    quantity: int
    unit_amount: int


class PlaceOrderPayload(Value):
    """What was ordered."""

    clerk_user_id: str
    order: OrderDetails
    line_items: tuple[LineItem, ...] = ()


class PlaceOrder(Envelope):
    """The message that starts a saga. It never leaves the service."""

    type: Literal["place_order"] = "place_order"
    payload: PlaceOrderPayload
    source: str = "order-saga"


class DeadlinePayload(Value):
    """The step whose time is over."""

    state: State
    attempt: Attempt


class DeadlinePassed(Envelope):
    """The message by which time reaches a saga. It never leaves the service."""

    type: Literal["deadline_passed"] = "deadline_passed"
    payload: DeadlinePayload
    source: str = "order-saga"
