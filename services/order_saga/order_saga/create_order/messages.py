"""Internal messages: the placement of an order, and the requests of its customer.

They are not sent to Kafka. `saga_engine.messages` has the requests that every saga accepts.
"""

from typing import Final, Literal, get_args

from saga_engine.messages import RequestPayload, ResolveRequested, RetryRequested
from saga_schemas import Envelope
from saga_schemas.values import Amount, OrderDetails, Value


class LineItem(Value):
    """A part of an order; `unit_amount` is in the currency's minor unit."""

    name: str
    quantity: int
    unit_amount: int


class PlaceOrderPayload(Value):
    """The order and the user who pays for it."""

    clerk_user_id: str
    order: OrderDetails
    line_items: tuple[LineItem, ...] = ()


class PlaceOrder(Envelope):
    """The message that starts a saga."""

    type: Literal["place_order"] = "place_order"
    payload: PlaceOrderPayload
    source: str = "order-saga"


class AmountRequestPayload(RequestPayload):
    """A request for an amount in the currency's minor unit; None is the full amount."""

    amount: Amount | None = None


class CaptureRequested(Envelope):
    """A request to capture the amount held, or a part of it."""

    type: Literal["capture_requested"] = "capture_requested"
    payload: AmountRequestPayload
    source: str = "order-saga"


class CancelRequested(Envelope):
    """A request to cancel the order: to release the hold, or to refund what was captured."""

    type: Literal["cancel_requested"] = "cancel_requested"
    payload: RequestPayload
    source: str = "order-saga"


class RefundRequested(Envelope):
    """A request to refund the amount captured, or a part of it."""

    type: Literal["refund_requested"] = "refund_requested"
    payload: AmountRequestPayload
    source: str = "order-saga"


Request = CaptureRequested | CancelRequested | RefundRequested | RetryRequested | ResolveRequested

REQUEST_TYPES: Final = tuple(kind.model_fields["type"].default for kind in get_args(Request))
"""The types of the requests; the id of one can follow from an idempotency key."""
