"""Events about orders, for any subscriber (`order_events`)."""

from typing import Literal

from saga_schemas.envelope import Envelope
from saga_schemas.values import (
    Amount,
    ClerkUserId,
    Failure,
    Identifier,
    Instant,
    OrderDetails,
    ShortText,
    Value,
)


class OrderAuthorizedPayload(Value):
    """The order and the hold that stands for it."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    payment_intent_id: Identifier
    capture_before: Instant | None = None


class OrderAuthorized(Envelope):
    """Event: the order's amount is held; it can be captured."""

    type: Literal["order.authorized"] = "order.authorized"
    payload: OrderAuthorizedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderCompletedPayload(Value):
    """The order and what was captured of its amount."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    payment_intent_id: Identifier
    captured: Amount


class OrderCompleted(Envelope):
    """Event: the order is paid."""

    type: Literal["order.completed"] = "order.completed"
    payload: OrderCompletedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderRefundedPayload(Value):
    """What has been given back so far, of what was captured."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    payment_intent_id: Identifier
    captured: Amount
    refunded: Amount


class OrderRefunded(Envelope):
    """Event: money was given back; the order is over once all of it was."""

    type: Literal["order.refunded"] = "order.refunded"
    payload: OrderRefundedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderEndedPayload(Value):
    """The order, and why it stands as it does."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    reason: Failure


class OrderCanceled(Envelope):
    """Event: the order was canceled before anything was captured."""

    type: Literal["order.canceled"] = "order.canceled"
    payload: OrderEndedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderExpired(Envelope):
    """Event: nobody captured the hold in time, so it ended."""

    type: Literal["order.expired"] = "order.expired"
    payload: OrderEndedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderNeedsAttention(Envelope):
    """Event: the saga cannot go on by itself; an operator retries or resolves it."""

    type: Literal["order.needs_attention"] = "order.needs_attention"
    payload: OrderEndedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderRejectedPayload(Value):
    """The order and why it was rejected; nothing is held for it."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    reason: Failure


class OrderRejected(Envelope):
    """Event: the order ended without a hold."""

    type: Literal["order.rejected"] = "order.rejected"
    payload: OrderRejectedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1
