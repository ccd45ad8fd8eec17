"""Refunds of charges. https://docs.stripe.com/api/refunds/object."""

from dataclasses import dataclass, field

from stripe_emulator.wire.json import JsonObject

_REFUND: JsonObject = {
    "reference_status": "pending",
    "reference_type": "acquirer_reference_number",
    "type": "refund",
}
_REVERSAL: JsonObject = {"type": "reversal"}


@dataclass(slots=True)
class Refund:
    """A refund, in the currency's minor unit; a card's refund succeeds immediately.

    A refund that fails later gets a `failure_reason`, and its money returns to the account.
    A `reversal` releases a hold that was never captured: Stripe creates one per canceled hold.
    """

    id: str
    created: int
    amount: int
    currency: str
    charge: str
    payment_intent: str
    payment_method: str
    customer: str | None
    reason: str | None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    reversal: bool = False
    failure_reason: str | None = None

    def as_json(self) -> JsonObject:
        """Return the refund as the API returns it."""
        failed: JsonObject = {"failure_reason": self.failure_reason} if self.failure_reason else {}
        return {
            "id": self.id,
            "object": "refund",
            **failed,
            "amount": self.amount,
            "balance_transaction": None,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "customer_account": None,
            "destination_details": {
                "card": _REVERSAL if self.reversal else _REFUND,
                "type": "card",
            },
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "payment_method": self.payment_method,
            "reason": self.reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "failed" if failed else "succeeded",
            "transfer_reversal": None,
        }
