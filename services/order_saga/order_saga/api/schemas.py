"""Request and response bodies of the orders API; each field is validated here."""

import hashlib
from datetime import datetime
from typing import Annotated, Final, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator
from saga_currencies import amount_error
from saga_messaging.http.path_segment import PathSegment
from saga_schemas.values import (
    MAX_AMOUNT,
    Amount,
    Currency,
    Identifier,
    OrderDetails,
    ShortText,
)

from order_saga.create_order.messages import LineItem, PlaceOrder, PlaceOrderPayload
from order_saga.create_order.state import State
from order_saga.runtime.ports import Placement


class LineItemRequest(BaseModel):
    """A line item; `unit_amount` is in the currency's minor unit: 0 if free, < 0 for a discount."""

    model_config = ConfigDict(extra="forbid")

    name: Identifier
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    unit_amount: Annotated[int, Field(strict=True, ge=-MAX_AMOUNT, le=MAX_AMOUNT)]


class OrderRequest(BaseModel):
    """An order to place, with an `amount`, or `line_items` that sum to it, or both.

    Amounts are positive integers in the currency's minor unit: 1299 is $12.99.
    """

    model_config = ConfigDict(extra="forbid")

    clerk_user_id: PathSegment
    amount: Amount | None = None
    currency: Currency = "usd"
    description: ShortText = ""
    line_items: Annotated[tuple[LineItemRequest, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _amount_is_the_sum(self) -> Self:
        if not self.line_items and self.amount is None:
            raise ValueError("amount: required without line_items")
        total = self.total()
        self._check_line_items()
        if error := amount_error(total, self.currency):
            raise ValueError(f"amount: {error}")
        return self

    def _check_line_items(self) -> None:
        if not self.line_items:
            return
        total = sum(item.quantity * item.unit_amount for item in self.line_items)
        if self.amount is not None and self.amount != total:
            raise ValueError(f"amount: {self.amount} differs from the sum of line_items, {total}")
        if total > MAX_AMOUNT:
            raise ValueError(f"line_items: the sum {total} exceeds the maximum of {MAX_AMOUNT}")
        if total <= 0:
            raise ValueError(f"line_items: the sum {total} must be greater than 0")

    def total(self) -> int:
        """Return the amount to hold."""
        if self.amount is not None:
            return self.amount
        return sum(item.quantity * item.unit_amount for item in self.line_items)

    def placement(self, idempotency_key: str | None) -> Placement:
        """Return the order as a message with a new id, and the digest of the request's body."""
        payload = PlaceOrderPayload(
            clerk_user_id=self.clerk_user_id,
            order=OrderDetails(
                amount=self.total(), currency=self.currency, description=self.description
            ),
            line_items=tuple(LineItem(**item.model_dump()) for item in self.line_items),
        )
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        message = PlaceOrder(correlation_id=str(uuid4()), payload=payload, message_id=uuid4())
        return Placement(message, idempotency_key, digest)


class OrderAccepted(BaseModel):
    """An accepted order; its URL is in the Location header."""

    id: str
    state: State | str
    deadline_at: datetime | None


class ActionRequest(BaseModel):
    """The requester and the reason; both are recorded in the order's history."""

    model_config = ConfigDict(extra="forbid")

    by: Identifier = "api"
    note: ShortText = ""


class AmountRequest(ActionRequest):
    """A request for an `amount` in the currency's minor unit; by default the full amount."""

    amount: Amount | None = None


class ResolveRequest(ActionRequest):
    """A request to end an order in the state `as`."""

    resolution: State = Field(alias="as")


NO_NOTE: Final = ActionRequest()
FULL_AMOUNT: Final = AmountRequest()


class RequestAccepted(BaseModel):
    """The order after an accepted request; its URL is in the Location header."""

    id: str
    state: State | str
    effect: str
