"""Operations at Stripe: the kinds of work, one at a time for a payment."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from saga_schemas.payment import AuthorizePayment
from saga_schemas.payment_lifecycle import CancelPayment, CapturePayment, RefundPayment

from payment_service.model.authorization import idempotency_key

Command: TypeAlias = AuthorizePayment | CapturePayment | CancelPayment | RefundPayment


class OperationKind(StrEnum):
    """The kinds of operation. A refresh changes nothing: it reads the payment from Stripe."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, with the newest command that requested it; the reply answers that command.

    Attributes:
        command_id: The cause of the operation, None if it has none. Only a command gets a reply.
        attempt: The attempt of that command.
        amount: The amount to capture or refund, in the currency's minor unit.
        refund_id: The saga's id of a refund.
        reason: Stripe's `cancellation_reason` of a cancellation.
    """

    kind: OperationKind
    command_id: UUID | None = None
    attempt: int | None = None
    amount: int = 0
    currency: str = ""
    refund_id: str = ""
    reason: str = ""

    @classmethod
    def of(cls, command: Command) -> "Operation":
        """Build the operation that a command requests."""
        payload = command.payload
        requested = cls(OperationKind.AUTHORIZE, command.message_id, payload.attempt)
        match command:
            case AuthorizePayment():
                return requested
            case CancelPayment(payload=cancel):
                return replace(requested, kind=OperationKind.CANCEL, reason=cancel.reason)
            case CapturePayment(payload=capture):
                return replace(
                    requested,
                    kind=OperationKind.CAPTURE,
                    amount=capture.amount,
                    currency=capture.currency,
                )
            case RefundPayment(payload=refund):
                return replace(
                    requested,
                    kind=OperationKind.REFUND,
                    amount=refund.amount,
                    currency=refund.currency,
                    refund_id=refund.refund_id,
                )

    def is_same_as(self, other: "Operation") -> bool:
        """Return True if performing one operation performs the other."""
        ours = (self.kind, self.amount, self.currency, self.refund_id)
        return ours == (other.kind, other.amount, other.currency, other.refund_id)

    def adopted_by(self, newer: "Operation") -> "Operation":
        """Return the same operation, to answer a newer command; Stripe's request is unchanged."""
        return replace(self, command_id=newer.command_id, attempt=newer.attempt)

    def idempotency_key(self, saga_id: str, key_attempt: int) -> str:
        """Return the key of every Stripe request for this operation.

        `key_attempt` is incremented once Stripe has stored a failure under a key. Only capture and
        cancel may use another key, because Stripe lets a hold end only once.
        """
        step = f"{self.kind}_payment"
        suffix = (key_attempt,) if key_attempt > 1 else ()
        match self.kind:
            case OperationKind.REFUND:
                return idempotency_key(saga_id, step, self.refund_id)
            case OperationKind.CAPTURE:
                return idempotency_key(saga_id, step, self.amount, *suffix)
            case _:
                return idempotency_key(saga_id, step, *suffix)


REFRESH = Operation(OperationKind.REFRESH)
