"""Disputes of charges. https://docs.stripe.com/api/disputes/object."""

from dataclasses import dataclass, field
from typing import Final

from stripe_emulator.objects.cards import Card
from stripe_emulator.wire.json import JsonObject

EVIDENCE: Final = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
    "cancellation_rebuttal customer_communication customer_email_address customer_name "
    "customer_purchase_ip customer_signature duplicate_charge_documentation "
    "duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy "
    "refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation "
    "shipping_tracking_number uncategorized_file uncategorized_text"
).split()
DUE_SECONDS: Final = 9 * 86_400
"""The time to respond; it depends on the card's network at Stripe."""


@dataclass(slots=True)
class Dispute:
    """A dispute, in the currency's minor unit; an inquiry's status begins with `warning_`."""

    id: str
    created: int
    amount: int
    currency: str
    charge: str
    payment_intent: str
    card: Card
    reason: str
    status: str
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    evidence_text: str | None = None
    submission_count: int = 0

    @property
    def is_inquiry(self) -> bool:
        """True if no money was withdrawn."""
        return self.status.startswith("warning_")

    @property
    def is_open(self) -> bool:
        """True until it is won, lost or closed."""
        return self.status not in {"won", "lost", "warning_closed"}

    def as_json(self) -> JsonObject:
        """Return the dispute as the API returns it."""
        evidence: JsonObject = {name: None for name in EVIDENCE}  # noqa: C420 - its type
        evidence |= {"uncategorized_text": self.evidence_text, "enhanced_evidence": {}}
        return {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [],
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": evidence,
            "evidence_details": {
                "due_by": self.created + DUE_SECONDS if self.is_open else None,
                "enhanced_eligibility": {},
                "has_evidence": self.evidence_text is not None,
                "past_due": False,
                "submission_count": self.submission_count,
            },
            "is_charge_refundable": self.is_inquiry,
            "livemode": False,
            "metadata": self.metadata,
            "payment_intent": self.payment_intent,
            "payment_method_details": {
                "card": {
                    "brand": self.card.brand,
                    "case_type": "inquiry" if self.is_inquiry else "chargeback",
                    "network": self.card.brand,
                    "network_reason_code": None,
                },
                "type": "card",
            },
            "reason": self.reason,
            "status": self.status,
        }
