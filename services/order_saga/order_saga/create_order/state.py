"""The state of an order's saga."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from saga_engine.declaration import Definition
from saga_engine.state import SagaState
from saga_schemas.values import Customer, Failure, OrderDetails

from order_saga.create_order.messages import PlaceOrder


class State(StrEnum):
    """The states of an order."""

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
class PendingRequest:
    """The capture or refund in flight, with its idempotency id and its amount."""

    id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSaga(SagaState):
    """An order and the progress of its payment. Amounts are in the currency's minor unit.

    A new field needs a column of the same name in `orm.sagas` and a migration, and nothing else.

    Attributes:
        payment_intent_id: The id of the PaymentIntent, once created.
        capture_before: The expiry of the hold, if Stripe reported it.
        captured: The amount captured.
        refunds: The amount of each refund, by Stripe's id; 0 for one that failed later.
        disputed: The cardholder's bank has opened a dispute.
        pending: The capture or refund in flight.
        reason: The reason for the state of the order.
    """

    clerk_user_id: str
    order: OrderDetails
    customer: Customer | None = None
    payment_intent_id: str | None = None
    capture_before: datetime | None = None
    captured: int = 0
    refunds: Mapping[str, int] = field(default_factory=dict[str, int])
    disputed: bool = False
    pending: PendingRequest | None = None
    reason: Failure | None = None

    @property
    def refunded(self) -> int:
        """The amount refunded: as Stripe reported it, or all if the order ended as refunded."""
        return self.captured if self.state == State.REFUNDED else sum(self.refunds.values())

    def at_rest(self) -> Self:
        """Return the saga without the request that was in flight."""
        return replace(self, pending=None)


def new_saga(definition: Definition, message: PlaceOrder) -> OrderSaga:
    """Return the saga of a placed order, before its first step is entered."""
    return OrderSaga(
        id=message.correlation_id,
        definition_version=definition.version,
        state=definition.start,
        clerk_user_id=message.payload.clerk_user_id,
        order=message.payload.order,
    )
