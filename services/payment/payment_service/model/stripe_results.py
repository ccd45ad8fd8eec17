"""What Stripe can make of a capture, a cancellation, a refund or a look at a PaymentIntent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from saga_schemas.settlement import SettlementFailureCode

from payment_service.model.authorization import Verdict

EXPIRY_REASONS: Final = {"automatic", "expired"}
"""`cancellation_reason` of a hold that nobody captured in time: the former was seen, the latter is
in https://docs.stripe.com/api/payment_intents/object#payment_intent_object-cancellation_reason"""


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund at Stripe. `refund_id` is the saga's, of its metadata; "" where it has none.

    `failure_reason` is Stripe's, where it said one.
    """

    stripe_refund_id: str
    amount: int
    refund_id: str = ""
    failed: bool = False
    failure_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A PaymentIntent as Stripe has it.

    Attributes:
        status: Stripe's: `requires_capture` while the hold stands.
        amount_received: What was captured.
        amount_refunded: Of that, as the charge says; 0 where it was not read.
        refunds: None where they were not looked at.
        saga_id: Of its metadata; "" where it has none.
        created: In seconds since 1970.
    """

    payment_intent_id: str
    status: str
    amount: int = 0
    amount_received: int = 0
    amount_refunded: int = 0
    cancellation_reason: str | None = None
    capture_before: datetime | None = None
    refunds: Sequence[Returned] | None = None
    saga_id: str = ""
    created: int = 0

    @property
    def is_held(self) -> bool:
        """Whether the hold stands."""
        return self.status == "requires_capture"

    @property
    def is_over(self) -> bool:
        """Whether the hold has ended, one way or the other, for good."""
        return self.status in {"succeeded", "canceled"}

    @property
    def has_expired(self) -> bool:
        """Whether it ended since nobody captured it."""
        return self.status == "canceled" and self.cancellation_reason in EXPIRY_REASONS


@dataclass(frozen=True, slots=True)
class Refused:
    """Stripe refuses, and nothing was or will be changed by this operation."""

    code: SettlementFailureCode
    detail: str
    stripe_code: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Stripe has no such PaymentIntent under this key."""

    detail: str


Conclusion: TypeAlias = Verdict | Seen | Returned | Refused | Missing
"""How an operation ends."""
