"""What the saga announces to the outside world (`order_events`)."""

from typing import Literal

from pydantic import Field

from saga_schemas.envelope import Envelope
from saga_schemas.values import Failure, Identifier, Instant, OrderDetails, ShortText, Value


class OrderAuthorizedPayload(Value):
    """The order and the hold that stands for it."""

    clerk_user_id: Identifier = Field(
        validation_alias="clerkUserId", serialization_alias="clerkUserId"
    )
    order: OrderDetails
    payment_intent_id: Identifier
    capture_before: Instant | None = None


class OrderAuthorized(Envelope):
    """Event: the order's amount is held; it can be captured."""

    type: Literal["order.authorized"] = "order.authorized"
    payload: OrderAuthorizedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class OrderRejectedPayload(Value):
    """The order and why it was rejected; nothing is held for it."""

    clerk_user_id: Identifier = Field(
        validation_alias="clerkUserId", serialization_alias="clerkUserId"
    )
    order: OrderDetails
    reason: Failure


class OrderRejected(Envelope):
    """Event: the order ended without a hold."""

    type: Literal["order.rejected"] = "order.rejected"
    payload: OrderRejectedPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1
