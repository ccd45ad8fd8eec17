"""What the saga knows: the order, where it stands, and the messages that are its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field
from saga_schemas import Envelope
from saga_schemas.values import (
    Amount,
    Attempt,
    Customer,
    Failure,
    Identifier,
    OrderDetails,
    ShortText,
    Value,
)


class State(StrEnum):
    """Where an order stands."""

    RETRIEVING_PAYMENT_INFO = "retrieving_payment_info"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    COMPLETED = "completed"
    REFUNDING = "refunding"
    CANCELING = "canceling"
    NEEDS_ATTENTION = "needs_attention"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for last: how much, and the id that makes two askings one."""

    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class OrderSaga:
    """An order and how far its payment has come. Immutable; `decide` makes the next one.

    Amounts are in the currency's minor unit.

    Attributes:
        id: The order's id, which is the saga's and every message's correlation id.
        definition_version: Of the declaration that it began under and ends under.
        attempt: Of the step in `state`, from 1; it never repeats within a saga.
        tries: How often the step in `state` has been tried since it was entered.
        attempts: The last attempt of each state that was entered.
        undo: The steps that undo what may have been done, registered before it was asked for.
        goal: Where the undoing under way leads; None where nothing is being undone.
        parked: The step that cannot go on, in `needs_attention` only.
        payment_intent_id: Stripe's, where one was made.
        capture_before: When the hold expires, where Stripe said so.
        captured: What was taken.
        refunds: What was given back of it, by Stripe's id of each refund; 0 of one that failed.
        disputed: The cardholder's bank wants money back.
        asked: The capture or refund that is under way.
        deadline_at: When the step in `state` is overdue; None where nothing is waited for.
        overdue: The deadline has passed, and the outcome is still unknown.
    """

    id: str
    definition_version: int
    state: State
    attempt: int
    clerk_user_id: str
    order: OrderDetails
    tries: int = 1
    attempts: Mapping[str, int] = field(default_factory=dict[str, int])
    undo: tuple[State, ...] = ()
    goal: State | None = None
    parked: State | None = None
    customer: Customer | None = None
    payment_intent_id: str | None = None
    capture_before: datetime | None = None
    captured: int = 0
    refunds: Mapping[str, int] = field(default_factory=dict[str, int])
    disputed: bool = False
    asked: Asked | None = None
    reason: Failure | None = None
    deadline_at: datetime | None = None
    overdue: bool = False

    @property
    def refunded(self) -> int:
        """What was given back: as Stripe told, or all, where a person found so and resolved it."""
        return self.captured if self.state is State.REFUNDED else sum(self.refunds.values())

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
    """The message that starts a saga. Like all of these, it never leaves the service."""

    type: Literal["place_order"] = "place_order"
    payload: PlaceOrderPayload
    source: str = "order-saga"


class DeadlinePayload(Value):
    """The step whose time is over."""

    state: State
    attempt: Attempt


class DeadlinePassed(Envelope):
    """The message by which time reaches a saga."""

    type: Literal["deadline_passed"] = "deadline_passed"
    payload: DeadlinePayload
    source: str = "order-saga"


class RequestPayload(Value):
    """Who asks, and why; `amount` where None is all there is."""

    by: Identifier = "customer"
    note: ShortText = ""


class AmountRequestPayload(RequestPayload):
    """Likewise, of all there is or of a part."""

    amount: Amount | None = None


class CaptureRequested(Envelope):
    """Take the money, or a part of it."""

    type: Literal["capture_requested"] = "capture_requested"
    payload: AmountRequestPayload
    source: str = "order-saga"


class CancelRequested(Envelope):
    """Call the order off: release the hold, or give back what was taken."""

    type: Literal["cancel_requested"] = "cancel_requested"
    payload: RequestPayload
    source: str = "order-saga"


class RefundRequested(Envelope):
    """Give money back."""

    type: Literal["refund_requested"] = "refund_requested"
    payload: AmountRequestPayload
    source: str = "order-saga"


class RetryRequested(Envelope):
    """Try the parked step again."""

    type: Literal["retry_requested"] = "retry_requested"
    payload: RequestPayload
    source: str = "order-saga"


class ResolvePayload(RequestPayload):
    """How it ended, as a person found out."""

    resolution: State = Field(alias="as")


class ResolveRequested(Envelope):
    """End a parked saga by hand: what is said becomes its state, and nothing is sent to Stripe."""

    type: Literal["resolve_requested"] = "resolve_requested"
    payload: ResolvePayload
    source: str = "order-saga"


Request = CaptureRequested | CancelRequested | RefundRequested | RetryRequested | ResolveRequested
