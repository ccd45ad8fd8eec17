"""A payment as stored: the hold, its refunds, the operation in progress, and those waiting."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from saga_schemas.payment import PaymentFailedPayload
from saga_schemas.payment_lifecycle import PaymentRefundFailedPayload

from payment_service.model.authorization import (
    AuthorizationRequest,
    AuthorizationResult,
    Authorized,
)
from payment_service.model.operations import Operation, OperationKind


class PaymentStatus(StrEnum):
    """The status of a payment. Failed, canceled and expired are final."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    FAILED = "failed"
    CAPTURED = "captured"
    CANCELED = "canceled"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """The status of a refund: requested until Stripe's result is known."""

    REQUESTED = "asked"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a payment. One created at Stripe by hand has Stripe's id as its `refund_id`."""

    refund_id: str
    amount: int
    status: RefundStatus = RefundStatus.REQUESTED
    stripe_refund_id: str | None = None
    failure: PaymentRefundFailedPayload | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of a saga. Amounts are in the currency's minor unit.

    Attributes:
        request: None for a tombstone: `cancel_payment` came first, and nothing is ever held.
        captured: The captured amount; `released` is the rest of the hold, once it has ended.
        operation: The operation in progress at Stripe; None while the payment is idle.
        waiting: The operations to decide, in this order, once that one has ended.
        attempts: The fencing token of the newest lease.
        key_attempt: See `Operation.idempotency_key`.
        unsent: No request has been sent to Stripe for the authorization in progress, by any
            process. It is cleared, durably, before the first request.
        begin_within_seconds: The age after which the authorization is not begun any more.
        is_new: Not stored yet, so that no request can have been sent for it.
    """

    saga_id: str
    request: AuthorizationRequest | None
    status: PaymentStatus = PaymentStatus.PENDING
    payment_intent_id: str | None = None
    capture_before: datetime | None = None
    failure: PaymentFailedPayload | None = None
    captured: int = 0
    released: int = 0
    refunds: Sequence[Refund] = ()
    operation: Operation | None = None
    waiting: Sequence[Operation] = ()
    attempts: int = 0
    key_attempt: int = 1
    unsent: bool = False
    begin_within_seconds: float | None = None
    is_new: bool = field(default=False, compare=False)

    @property
    def currency(self) -> str:
        """The currency; "usd" for a tombstone, which has none."""
        return self.request.currency if self.request else "usd"

    @property
    def refunded(self) -> int:
        """The sum of the refunds that succeeded."""
        return sum(
            refund.amount for refund in self.refunds if refund.status is RefundStatus.REFUNDED
        )

    def begin(self, operation: Operation) -> "Payment":
        """Begin an operation under a new lease, which invalidates every older lease."""
        unsent = operation.kind is OperationKind.AUTHORIZE
        return replace(self, operation=operation, attempts=self.attempts + 1, unsent=unsent)

    @property
    def is_unsent(self) -> bool:
        """True if an authorization is in progress, and certainly no request was sent for it."""
        return (
            self.unsent
            and self.operation is not None
            and self.operation.kind is OperationKind.AUTHORIZE
        )

    def with_authorization(self, result: AuthorizationResult) -> "Payment":
        """Apply the result of the authorization."""
        if isinstance(result, Authorized):
            return replace(
                self,
                status=PaymentStatus.AUTHORIZED,
                unsent=False,
                payment_intent_id=result.payment_intent_id,
                capture_before=result.capture_before,
            )
        return replace(
            self,
            status=PaymentStatus.FAILED,
            unsent=False,
            payment_intent_id=result.payment_intent_id,
            failure=result,
        )

    def refund(self, refund_id: str) -> Refund | None:
        """Return the refund with this id, if there is one."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def with_refund(self, refund: Refund) -> "Payment":
        """Add the refund, or replace the one with the same id."""
        others = [other for other in self.refunds if other.refund_id != refund.refund_id]
        return replace(self, refunds=(*others, refund))
