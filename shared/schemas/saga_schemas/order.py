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
    """The order and its authorization hold."""

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
    """The order and its captured amount."""

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
    """The order with its captured and refunded amounts, in total."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    payment_intent_id: Identifier
    captured: Amount
    refunded: Amount


class OrderRefunded(Envelope):
    """Event: captured money was refunded; the order ends once all of it is."""

    type: Literal["order.refunded"] = "order.refunded"
    payload: OrderRefundedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderEndedPayload(Value):
    """The order, and the reason of its state."""

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
    """Event: the hold expired before it was captured."""

    type: Literal["order.expired"] = "order.expired"
    payload: OrderEndedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderNeedsAttention(Envelope):
    """Event: the saga cannot continue; an operator must retry or resolve it."""

    type: Literal["order.needs_attention"] = "order.needs_attention"
    payload: OrderEndedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderRejectedPayload(Value):
    """The order, and the reason of its rejection; nothing is held for it."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    reason: Failure


class OrderRejected(Envelope):
    """Event: the order ended without a hold."""

    type: Literal["order.rejected"] = "order.rejected"
    payload: OrderRejectedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1
