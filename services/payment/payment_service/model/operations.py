"""What is done at Stripe for a payment, one operation at a time, and which command asked for it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from saga_schemas.payment import AuthorizePayment
from saga_schemas.settlement import CancelPayment, CapturePayment, RefundPayment

from payment_service.model.authorization import idempotency_key

Command: TypeAlias = AuthorizePayment | CapturePayment | CancelPayment | RefundPayment


class Kind(StrEnum):
    """The kinds of operation. A refresh changes nothing: it reads what Stripe says."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, and the newest command that asked for it, which the reply answers.

    Attributes:
        command_id: What led to it. None where nobody asked; only a command has a reply.
        attempt: Of that command.
        amount: To capture or refund, in the currency's minor unit.
        refund_id: The saga's, of a refund.
        reason: Of a cancellation, as Stripe's `cancellation_reason`.
    """

    kind: Kind
    command_id: UUID | None = None
    attempt: int | None = None
    amount: int = 0
    currency: str = ""
    refund_id: str = ""
    reason: str = ""

    @classmethod
    def of(cls, command: Command) -> "Operation":
        """The operation that a command asks for."""
        payload = command.payload
        asked = cls(Kind.AUTHORIZE, command.message_id, payload.attempt)
        match command:
            case AuthorizePayment():
                return asked
            case CancelPayment():
                return replace(asked, kind=Kind.CANCEL, reason=command.payload.reason)
            case CapturePayment():
                amount, currency = command.payload.amount, command.payload.currency
                return replace(asked, kind=Kind.CAPTURE, amount=amount, currency=currency)
            case RefundPayment():
                return replace(
                    asked,
                    kind=Kind.REFUND,
                    amount=command.payload.amount,
                    currency=command.payload.currency,
                    refund_id=command.payload.refund_id,
                )

    def is_same_as(self, other: "Operation") -> bool:
        """Whether both ask for one and the same thing: done once, it is done for both."""
        ours = (self.kind, self.amount, self.currency, self.refund_id)
        return ours == (other.kind, other.amount, other.currency, other.refund_id)

    def asked_by(self, newer: "Operation") -> "Operation":
        """The same operation, to answer a newer command; what Stripe is sent stays the same."""
        return replace(self, command_id=newer.command_id, attempt=newer.attempt)

    def idempotency_key(self, saga_id: str, key_round: int) -> str:
        """The same for every request of this operation.

        `key_round` is counted up once a key has kept a failure of Stripe. Only capture and cancel
        may have another key, since Stripe itself lets a hold end once.
        """
        step = f"{self.kind}_payment"
        again = (key_round,) if key_round > 1 else ()
        match self.kind:
            case Kind.REFUND:
                return idempotency_key(saga_id, step, self.refund_id)
            case Kind.CAPTURE:
                return idempotency_key(saga_id, step, self.amount, *again)
            case _:
                return idempotency_key(saga_id, step, *again)


REFRESH = Operation(Kind.REFRESH)
