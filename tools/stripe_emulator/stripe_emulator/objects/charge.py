"""Charges: one for each payment attempt. https://docs.stripe.com/api/charges/object."""

from dataclasses import dataclass
from functools import lru_cache

from stripe_emulator.objects.cards import Card, Decline
from stripe_emulator.objects.payment_method import card_attributes, checks
from stripe_emulator.wire.json import JsonObject

_BLOCKED_MESSAGE = "Stripe blocked this payment as too risky."
_DECLINED_MESSAGE = "The bank did not return any further details with this decline."

_CONSTANTS: JsonObject = {
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "failure_balance_transaction": None,
    "fraud_details": {},
    "livemode": False,
    "on_behalf_of": None,
    "radar_options": {},
    "receipt_number": None,
    "receipt_url": None,
    "review": None,
    "source_transfer": None,
    "transfer_data": None,
}


@dataclass(slots=True)
class Charge:
    """A payment attempt and its hold; amounts are in the currency's minor unit.

    A successful charge holds `amount` until it is captured or released. A charge with a `failure`
    never held anything. `amount_refunded` is the part of the captured amount that was refunded;
    the API reports the whole amount of a `canceled` hold as refunded.
    """

    id: str
    created: int
    amount: int
    currency: str
    payment_intent: str
    payment_method: str
    card: Card
    billing_details: JsonObject
    customer: str | None
    description: str | None
    receipt_email: str | None
    shipping: JsonObject | None
    statement_descriptor: str | None
    statement_descriptor_suffix: str | None
    transfer_group: str | None
    metadata: dict[str, str]
    failure: Decline | None = None
    capture_before: int | None = None
    amount_captured: int = 0
    captured_at: int | None = None
    amount_released: int = 0
    released_at: int | None = None
    amount_refunded: int = 0
    canceled: bool = False
    disputed: bool = False

    @property
    def amount_held(self) -> int:
        """The amount on hold: neither captured nor released."""
        if self.failure is not None:
            return 0
        return self.amount - self.amount_captured - self.amount_released

    @property
    def refunded(self) -> bool:
        """True if the hold was canceled or the captured amount was refunded in full."""
        return self.canceled or 0 < self.amount_captured == self.amount_refunded

    def as_json(self) -> JsonObject:
        """Return the charge as the API returns it."""
        failure = self.failure
        return {
            "id": self.id,
            "object": "charge",
            **_CONSTANTS,
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": self.amount if self.canceled else self.amount_refunded,
            "billing_details": self.billing_details,
            "calculated_statement_descriptor": "STRIPE EMULATOR" if failure is None else None,
            "captured": self.captured_at is not None,
            "created": self.created,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.disputed,
            "failure_code": failure.code if failure else None,
            "failure_message": failure.message if failure else None,
            "metadata": self.metadata,
            "outcome": _outcome(failure),
            "paid": failure is None,
            "payment_intent": self.payment_intent,
            "payment_method": self.payment_method,
            "payment_method_details": {"card": self._card_details(), "type": "card"},
            "receipt_email": self.receipt_email,
            "refunded": self.refunded,
            "shipping": self.shipping,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": self.statement_descriptor_suffix,
            "status": "succeeded" if failure is None else "failed",
            "transfer_group": self.transfer_group,
        }

    def _card_details(self) -> JsonObject:
        details: JsonObject = {
            **_card_constants(self.card),
            "amount_authorized": self.amount if self.failure is None else None,
            "overcapture": {"maximum_amount_capturable": self.amount, "status": "unavailable"},
        }
        if self.capture_before is not None:
            details["capture_before"] = self.capture_before
        return details


@lru_cache(maxsize=256)
def _card_constants(card: Card) -> JsonObject:
    return {
        **card_attributes(card),
        "authorization_code": None,
        "checks": checks("pass"),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "three_d_secure": None,
        "transaction_link_id": None,
    }


def _reason(failure: Decline) -> str:
    return "highest_risk_level" if failure.blocked else failure.decline_code


@lru_cache(maxsize=64)
def _outcome(failure: Decline | None) -> JsonObject:
    if failure is None:
        network_status, kind, message = "approved_by_network", "authorized", "Payment complete."
    elif failure.blocked:
        network_status, kind, message = "not_sent_to_network", "blocked", _BLOCKED_MESSAGE
    else:
        network_status, kind, message = (
            "declined_by_network",
            "issuer_declined",
            _DECLINED_MESSAGE,
        )
    return {
        "advice_code": failure.advice_code if failure else None,
        "network_advice_code": failure.network_advice_code if failure else None,
        "network_decline_code": failure.network_decline_code if failure else None,
        "network_status": network_status,
        "reason": _reason(failure) if failure else None,
        "risk_level": "highest" if failure and failure.blocked else "normal",
        "seller_message": message,
        "type": kind,
    }
