"""What an event of Stripe tells: of which PaymentIntent, and whether that can be news.

https://docs.stripe.com/api/events/types . Events may come twice and in any order, and show an
object as it was: they only say that something is worth a look.
"""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field
from saga_schemas.values import Identifier, ShortText

from payment_service.model.payment import KnownPayment, RefundStatus, Status

DISPUTED: Final = "charge.dispute.created"
_CAPTURED: Final = {"payment_intent.succeeded", "charge.captured"}
_RELEASED: Final = {"payment_intent.canceled", "charge.expired"}
_REFUNDED: Final = {
    "charge.refunded", "charge.refund.updated",
    "refund.created", "refund.updated", "refund.failed",
}  # fmt: skip
HEEDED: Final = {DISPUTED, *_CAPTURED, *_RELEASED, *_REFUNDED}
"""The types of events that are looked at; the others are stored and change nothing."""


class _Object(BaseModel):
    """What is read of the event's object; nothing else of it is."""

    id: Identifier
    object: ShortText
    payment_intent: Identifier | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    status: ShortText | None = None
    amount: int = 0
    amount_refunded: int = 0
    reason: ShortText | None = None


class _Data(BaseModel):
    object: dict[str, Any]


class Notice(BaseModel):
    """An event, as https://docs.stripe.com/api/events/object has it."""

    id: Identifier
    type: ShortText
    created: datetime
    data: _Data

    @property
    def about(self) -> _Object:
        """The object, of the types that are heeded.

        Raises:
            pydantic.ValidationError: It is not what Stripe's documentation says.
        """
        return _Object.model_validate(self.data.object)

    @property
    def is_heeded(self) -> bool:
        """Whether it may change anything."""
        return self.type in HEEDED


def intent_id_of(about: _Object) -> str | None:
    """The PaymentIntent that an object is, or belongs to."""
    return about.id if about.object == "payment_intent" else about.payment_intent


def is_news(known: KnownPayment, notice: Notice) -> bool:
    """Whether the event may tell something that the payment does not know by now."""
    if notice.type in _CAPTURED:
        return known.status is not Status.CAPTURED
    if known.status is not Status.CAPTURED:
        return known.status in {Status.PENDING, Status.AUTHORIZED}
    about = notice.about
    if about.object == "charge":
        return about.amount_refunded != known.refunded
    ours = [each for each in known.refunds if each.stripe_refund_id == about.id]
    failed = about.status in {"failed", "canceled"}
    return not ours or (ours[0].status is RefundStatus.FAILED) is not failed
