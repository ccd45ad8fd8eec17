"""Leases: an operation in progress, assigned to one executor for a limited time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from payment_service.model.authorization import AuthorizationRequest
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment

Token: TypeAlias = tuple[str, int]
AUTHORIZE: Final = Operation(OperationKind.AUTHORIZE)


@dataclass(frozen=True, slots=True)
class Lease:
    """An operation leased to one executor.

    Attributes:
        attempts: The fencing token. It grows with each lease of the payment; a write under an
            older token has no effect.
        age_seconds: Time since the operation began, so at least since its first request.
        verifying: No more requests are sent for the operation; Stripe is only read.
        verified: The time in which an earlier request could still take effect is over as well.
        cancel_requested: A cancellation is waiting: no more requests are sent, and the outcome is
            read from Stripe.
        last_error: The reason it was last postponed.
        unsent: See `Payment.unsent`.
        begin_within_seconds: See `Payment.begin_within_seconds`.
        expired: That age is reached: no more requests are sent for an authorization, and one
            that is `unsent` fails without any.
    """

    request: AuthorizationRequest
    attempts: int = 1
    age_seconds: float = 0.0
    verifying: bool = False
    verified: bool = False
    cancel_requested: bool = False
    last_error: str | None = None
    operation: Operation = AUTHORIZE
    payment_intent_id: str = ""
    key_attempt: int = 1
    unsent: bool = False
    begin_within_seconds: float | None = None
    expired: bool = False

    @classmethod
    def of_begun(cls, changed: Sequence[Payment], before: Mapping[str, Payment]) -> "list[Lease]":
        """Return the leases of the operations that these payments have just begun."""
        return [
            cls(
                payment.request,
                payment.attempts,
                cancel_requested=is_cancel_requested(payment.operation, payment.waiting),
                operation=payment.operation,
                payment_intent_id=payment.payment_intent_id or "",
                key_attempt=payment.key_attempt,
                unsent=payment.is_unsent,
                begin_within_seconds=payment.begin_within_seconds,
            )
            for payment in changed
            if payment.request
            and payment.operation
            and (payment.is_new or payment.attempts > before[payment.saga_id].attempts)
        ]

    def at_age(self, seconds: float, available_seconds: float) -> "Lease":
        """Return the lease at an age; the time before and during the last outage does not count."""
        limit = self.begin_within_seconds
        authorizing = self.operation.kind is OperationKind.AUTHORIZE
        expired = authorizing and limit is not None and min(seconds, available_seconds) >= limit
        return replace(self, age_seconds=seconds, expired=expired)

    @property
    def can_succeed(self) -> bool:
        """False for an authorization for which no more requests are sent."""
        return not (self.verifying or self.cancel_requested or self.expired)

    @property
    def saga_id(self) -> str:
        """The saga of the payment."""
        return self.request.saga_id

    @property
    def token(self) -> Token:
        """The unique identity of this lease."""
        return self.saga_id, self.attempts

    @property
    def idempotency_key(self) -> str:
        """The key of every Stripe request for the operation, in every process."""
        return self.operation.idempotency_key(self.saga_id, self.key_attempt)


def is_cancel_requested(operation: Operation, waiting: Sequence[Operation]) -> bool:
    """Return True if a cancellation waits for an authorization or a capture."""
    cancelable = operation.kind in {OperationKind.AUTHORIZE, OperationKind.CAPTURE}
    return cancelable and any(other.kind is OperationKind.CANCEL for other in waiting)
