"""Disputes: their state as stored, and the events for what changed.

https://docs.stripe.com/api/disputes/object#dispute_object-status
"""

from dataclasses import dataclass
from typing import Final, cast

from saga_schemas.payment_lifecycle import DisputeOutcome

from payment_service.model import events
from payment_service.model.payment import Payment

OUTCOMES: Final = {"won", "lost", "warning_closed", "prevented"}
"""The statuses of a dispute that has ended; `warning_…` are inquiries, which take no money."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute at Stripe; `amount` is in the currency's minor unit."""

    dispute_id: str
    payment_intent_id: str | None
    amount: int
    reason: str
    status: str

    @property
    def outcome(self) -> DisputeOutcome | None:
        """The result; None while it is open, or in a status that Stripe may add."""
        return cast("DisputeOutcome", self.status) if self.status in OUTCOMES else None


def observe_dispute(
    payment: Payment, stored: Dispute | None, now: Dispute
) -> tuple[Dispute, list[events.Event]]:
    """Return the dispute to store, and the events for what changed.

    Idempotent, and in any order: a dispute opens once and ends once, and an end is final.
    """
    if stored and stored.outcome:
        return stored, []
    send = list[events.Event]()
    if stored is None:
        send.append(events.disputed(payment, now.dispute_id, now.amount, now.reason))
    if now.outcome:
        send.append(events.disputed(payment, now.dispute_id, now.amount, now.reason, now.outcome))
    return now, send
