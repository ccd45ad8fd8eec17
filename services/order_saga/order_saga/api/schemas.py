"""What POST /orders takes: checked here, at the edge, field by field."""

import hashlib
from typing import Annotated, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator
from saga_schemas.values import (
    MAX_AMOUNT,
    Amount,
    Currency,
    Identifier,
    OrderDetails,
    ShortText,
)

from order_saga.create_order.messages import LineItem, PlaceOrder, PlaceOrderPayload
from order_saga.runtime.ports import Placement


class LineItemRequest(BaseModel):
    """Part of an order."""

    model_config = ConfigDict(extra="forbid")

    name: Identifier
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    unit_amount: Amount


class OrderRequest(BaseModel):
    """An order: an `amount`, or `line_items` that sum to it, or both.

    Amounts are positive integers in the currency's minor unit: 1299 is $12.99.
    """

    model_config = ConfigDict(extra="forbid")

    clerk_user_id: Identifier
    amount: Amount | None = None
    currency: Currency = "usd"
    description: ShortText = ""
    line_items: Annotated[tuple[LineItemRequest, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _amount_is_the_sum(self) -> Self:
        if not self.line_items:
            if self.amount is None:
                raise ValueError("amount: required where there are no line_items")
            return self
        total = sum(item.quantity * item.unit_amount for item in self.line_items)
        if self.amount is not None and self.amount != total:
            raise ValueError(f"amount: {self.amount}, but line_items sum to {total}")
        if total > MAX_AMOUNT:
            raise ValueError(f"line_items: they sum to {total}; the largest is {MAX_AMOUNT}")
        return self

    def total(self) -> int:
        """What is to be held."""
        if self.amount is not None:
            return self.amount
        return sum(item.quantity * item.unit_amount for item in self.line_items)

    def placement(self, idempotency_key: str | None) -> Placement:
        """The order as a message with a new id, and the digest that tells a repeat from a reuse."""
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
