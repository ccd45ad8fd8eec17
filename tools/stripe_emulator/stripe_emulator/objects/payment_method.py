"""Payment methods, all of them cards. https://docs.stripe.com/api/payment_methods/object."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

from stripe_emulator.objects.cards import Card
from stripe_emulator.wire.json import JsonObject

_EXP_MONTH = 12
_EXP_YEAR = 2034
_NO_ADDRESS: JsonObject = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}
NO_BILLING_DETAILS: JsonObject = {
    "address": _NO_ADDRESS,
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


@dataclass(slots=True)
class PaymentMethod:
    """A customer's card, or a card for a single use.

    `used_up` is true after it was detached or used without a customer: Stripe then refuses it.
    """

    id: str
    created: int
    card: Card
    customer: str | None = None
    allow_redisplay: str = "unspecified"
    billing_details: JsonObject = field(default_factory=lambda: NO_BILLING_DETAILS)
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    used_up: bool = False

    def as_json(self) -> JsonObject:
        """Return the payment method as the API returns it."""
        return {
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": self.allow_redisplay,
            "billing_details": self.billing_details,
            "card": _card_json(self.card, self.customer is not None),
            "created": self.created,
            "customer": self.customer,
            "customer_account": None,
            "livemode": False,
            "metadata": self.metadata,
            "radar_options": {},
            "type": "card",
        }


def merge_billing_details(current: JsonObject, change: JsonObject) -> JsonObject:
    """Return the billing details after a change; the address keeps all of its keys."""
    address = cast("JsonObject | None", change.get("address", current["address"]))
    return {**current, **change, "address": {**_NO_ADDRESS, **(address or {})}}


def card_attributes(card: Card) -> JsonObject:
    """Return the attributes of a card that a payment method and a charge share."""
    digest = hashlib.sha256(f"{card.brand}{card.last4}".encode()).hexdigest()
    return {
        "brand": card.brand,
        "country": "US",
        "exp_month": _EXP_MONTH,
        "exp_year": _EXP_YEAR,
        "fingerprint": digest[:16],
        "funding": card.funding,
        "last4": card.last4,
        "regulated_status": "unregulated",
        "wallet": None,
    }


def checks(cvc_check: str | None) -> JsonObject:
    """Return the card's checks, of which only that of the CVC is performed."""
    return {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": cvc_check,
    }


@lru_cache(maxsize=256)
def _card_json(card: Card, attached: bool) -> JsonObject:  # a cache key
    return {
        **card_attributes(card),
        "checks": checks("pass" if attached else "unchecked"),
        "display_brand": card.brand,
        "generated_from": None,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }
