"""Stripe's results of a capture, cancellation, refund or fetch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from saga_schemas.payment_lifecycle import OperationFailureCode

from payment_service.model.authorization import AuthorizationResult

EXPIRY_REASONS: Final = {"automatic", "expired"}
"""`cancellation_reason` of an expired hold. Test mode sends "automatic"; "expired" is documented:
https://docs.stripe.com/api/payment_intents/object#payment_intent_object-cancellation_reason"""


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """A refund at Stripe.

    Attributes:
        refund_id: The saga's id from the metadata; "" if the refund has none.
        failure_reason: Stripe's reason, if it gave one.
    """

    stripe_refund_id: str
    amount: int
    refund_id: str = ""
    failed: bool = False
    failure_reason: str | None = None


@dataclass(frozen=True, slots=True)
class IntentSnapshot:
    """A PaymentIntent as Stripe has it. Amounts are in the currency's minor unit.

    Attributes:
        status: Stripe's status: `requires_capture` while the hold stands.
        amount_received: The captured amount.
        amount_refunded: The refunded part of it, from the charge; 0 if the charge was not read.
        refunds: None if the refunds were not read.
        saga_id: The saga's id from the metadata; "" if there is none.
        system: The mark in the metadata, with `installation`; "" if there is none.
        created: Seconds since 1970.
    """

    payment_intent_id: str
    status: str
    amount: int = 0
    amount_received: int = 0
    amount_refunded: int = 0
    cancellation_reason: str | None = None
    capture_before: datetime | None = None
    refunds: Sequence[RefundSnapshot] | None = None
    saga_id: str = ""
    system: str = ""
    installation: str = ""
    created: int = 0

    @property
    def is_held(self) -> bool:
        """True while the hold stands."""
        return self.status == "requires_capture"

    @property
    def is_over(self) -> bool:
        """True once the hold has ended, captured or released."""
        return self.status in {"succeeded", "canceled"}

    @property
    def has_expired(self) -> bool:
        """True if the hold ended because it was not captured in time."""
        return self.status == "canceled" and self.cancellation_reason in EXPIRY_REASONS


@dataclass(frozen=True, slots=True)
class UnreadableObject:
    """An object in a list of Stripe's that differs from Stripe's documentation.

    Attributes:
        object_id: Its id; "" if it has none.
        saga_id: The saga's id from the metadata; "" if there is none.
        system: The mark in the metadata; "" if there is none.
    """

    object_id: str
    saga_id: str
    system: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The operation was refused: it changed nothing and never will."""

    code: OperationFailureCode
    detail: str
    stripe_code: str | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """Stripe has no such PaymentIntent under this API key."""

    detail: str


OperationResult: TypeAlias = (
    AuthorizationResult | IntentSnapshot | RefundSnapshot | Rejected | NotFound
)
"""The end of an operation."""
