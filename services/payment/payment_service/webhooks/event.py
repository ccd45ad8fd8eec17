"""Stripe events: their PaymentIntent, and whether they can be new to a payment.

https://docs.stripe.com/api/events/types . Events may arrive more than once and in any order, and
show their object as it was. They only trigger a refresh.
"""

from typing import Any, Final

from pydantic import BaseModel, PositiveInt
from saga_currencies import from_stripe
from saga_schemas.values import Identifier, Instant, ShortText

from payment_service.model.disputes import Dispute
from payment_service.model.payment import Payment, PaymentStatus, RefundStatus

DISPUTED: Final = {"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"}
_CAPTURED: Final = {"payment_intent.succeeded", "charge.captured"}
_RELEASED: Final = {"payment_intent.canceled", "charge.expired"}
_REFUNDED: Final = {
    "charge.refunded", "charge.refund.updated",
    "refund.created", "refund.updated", "refund.failed",
}  # fmt: skip
RELEVANT: Final = {*DISPUTED, *_CAPTURED, *_RELEASED, *_REFUNDED}
"""The event types that may change a payment; all others are stored and ignored."""


class StripeObject(BaseModel):
    """The fields of the event's object that are read."""

    id: Identifier
    object: ShortText
    payment_intent: Identifier | None = None
    metadata: dict[str, Any] | None = None
    status: ShortText | None = None
    amount: int | None = None
    amount_refunded: int | None = None
    reason: ShortText | None = None

    @property
    def intent_id(self) -> str | None:
        """The PaymentIntent that the object is or belongs to."""
        return self.id if self.object == "payment_intent" else self.payment_intent


class DisputeObject(BaseModel):
    """The fields of a dispute that are read: https://docs.stripe.com/api/disputes/object ."""

    id: Identifier
    payment_intent: Identifier | None = None
    amount: PositiveInt
    currency: ShortText = "usd"
    reason: ShortText | None = None
    status: ShortText


class _Data(BaseModel):
    object: dict[str, Any]


class WebhookEvent(BaseModel):
    """An event: https://docs.stripe.com/api/events/object ."""

    id: Identifier
    type: ShortText
    created: Instant
    data: _Data

    @property
    def subject(self) -> StripeObject:
        """The object of a relevant event.

        Raises:
            pydantic.ValidationError: The object differs from Stripe's documentation.
        """
        return StripeObject.model_validate(self.data.object)

    def dispute(self) -> Dispute:
        """Return the dispute of an event in `DISPUTED`.

        Raises:
            pydantic.ValidationError: The object differs from Stripe's documentation.
        """
        found = DisputeObject.model_validate(self.data.object)
        return Dispute(
            found.id,
            found.payment_intent,
            from_stripe(found.amount, found.currency),
            found.reason or "",
            found.status,
        )

    @property
    def is_relevant(self) -> bool:
        """True if an event of this type may change a payment."""
        return self.type in RELEVANT

    def may_change(self, payment: Payment) -> bool:
        """Return True if the event may report something that the payment does not have yet."""
        if self.type in _CAPTURED:
            return payment.status is not PaymentStatus.CAPTURED
        if payment.status is not PaymentStatus.CAPTURED:
            return payment.status in {PaymentStatus.PENDING, PaymentStatus.AUTHORIZED}
        subject = self.subject
        if subject.object == "charge":
            refunded = from_stripe(subject.amount_refunded or 0, payment.currency)
            return refunded != payment.refunded
        stored = [refund for refund in payment.refunds if refund.stripe_refund_id == subject.id]
        failed = subject.status in {"failed", "canceled"}
        return not stored or (stored[0].status is RefundStatus.FAILED) is not failed
