"""A payment as it is stored: what became of the hold, what is under way, what waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.settlement import PaymentRefundFailedPayload

from payment_service.model.authorization import Authorized, Payment, Verdict
from payment_service.model.operations import Operation


class Status(StrEnum):
    """Where a payment stands. From failed, canceled and expired nothing leads on."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    CAPTURED = "captured"
    CANCELED = "canceled"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """A refund is asked for until Stripe's answer is known."""

    ASKED = "asked"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a payment. One that was made at Stripe has Stripe's id for `refund_id`."""

    refund_id: str
    amount: int
    status: RefundStatus = RefundStatus.ASKED
    stripe_refund_id: str | None = None
    failure: PaymentRefundFailedPayload | None = None


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """A payment as it stands.

    Attributes:
        payment: None where `cancel_payment` came first: a tombstone, nothing is ever held.
        captured: What was taken of the hold; `released` is what was not, once the hold is over.
        operation: What is under way at Stripe; None while the payment rests.
        waiting: What is decided, in this order, once that has ended.
        attempts: The newest lease's fencing token.
        key_round: See `Operation.idempotency_key`.
        is_new: Not stored yet: no request can have been made for it.
    """

    saga_id: str
    payment: Payment | None
    status: Status = Status.PENDING
    payment_intent_id: str | None = None
    capture_before: datetime | None = None
    failure: PaymentFailedPayload | None = None
    captured: int = 0
    released: int = 0
    refunds: Sequence[Refund] = ()
    operation: Operation | None = None
    waiting: Sequence[Operation] = ()
    attempts: int = 0
    key_round: int = 1
    is_new: bool = field(default=False, compare=False)

    @property
    def currency(self) -> str:
        """The payment's; a tombstone has none, and is told in dollars."""
        return self.payment.currency if self.payment else "usd"

    @property
    def refunded(self) -> int:
        """What was given back so far."""
        return sum(each.amount for each in self.refunds if each.status is RefundStatus.REFUNDED)

    def begin(self, operation: Operation) -> "KnownPayment":
        """Under a new lease: whoever still works on what was under way has no say any more."""
        return replace(self, operation=operation, attempts=self.attempts + 1)

    def decided(self, verdict: Verdict) -> "KnownPayment":
        """With the verdict on its authorization."""
        if isinstance(verdict, Authorized):
            return replace(
                self,
                status=Status.AUTHORIZED,
                payment_intent_id=verdict.payment_intent_id,
                capture_before=verdict.capture_before,
            )
        return replace(
            self,
            status=Status.FAILED,
            payment_intent_id=verdict.payment_intent_id,
            failure=verdict,
        )

    def refund(self, refund_id: str) -> Refund | None:
        """The refund of this id."""
        return next((each for each in self.refunds if each.refund_id == refund_id), None)

    def with_refund(self, refund: Refund) -> "KnownPayment":
        """With this refund, in place of the one of the same id."""
        others = [each for each in self.refunds if each.refund_id != refund.refund_id]
        return replace(self, refunds=(*others, refund))
