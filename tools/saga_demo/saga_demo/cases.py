"""The demo's cards and the outcome that Stripe documents for each.

Sources: https://docs.stripe.com/testing and https://docs.stripe.com/declines/codes.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Expectation:
    """The expected end of an order.

    Attributes:
        state: The final state.
        code: The code of the order's reason, or None if it has no reason.
        stripe_code: Stripe's `error.code`, if Stripe refused the payment.
        decline_code: Stripe's `error.decline_code`, if the issuer declined the card.
    """

    state: str
    code: str | None = None
    stripe_code: str | None = None
    decline_code: str | None = None

    def differences(self, order: dict[str, Any]) -> list[str]:
        """Describe how an order differs from the expected end; empty if it does not."""
        reason = order.get("reason") or {}
        actual = {
            "state": order["state"],
            "code": reason.get("code"),
            "stripe_code": reason.get("stripe_code"),
            "decline_code": reason.get("decline_code"),
        }
        differences = [
            f"{name} is {value!r}, expected {getattr(self, name)!r}"
            for name, value in actual.items()
            if value != getattr(self, name)
        ]
        if self.state == "authorized" and not order["payment_intent_id"]:
            differences.append("no PaymentIntent holds the amount")
        return differences


class Setup(Enum):
    """The preparation of an order's user before the order is placed."""

    ATTACHED = "registered, the card attached to the customer"
    STORED = "registered, the card's token only stored: Stripe does not attach a declining card"
    NO_CARD = "registered, without a card"
    UNKNOWN = "never registered"
    DELETED = "registered with a card, then the customer deleted at Stripe"


@dataclass(frozen=True)
class Case:
    """One order of the demo: the user, the card and the expected end."""

    title: str
    expected: Expectation
    setup: Setup = Setup.ATTACHED
    payment_method: str = "pm_card_visa"


AUTHORIZED = Expectation("authorized")


def _declined(name: str, code: str, decline_code: str) -> Case:
    expected = Expectation("rejected", "card_declined", code, decline_code)
    return Case(decline_code.replace("_", " "), expected, Setup.STORED, f"pm_card_{name}")


CASES = (
    Case("visa", AUTHORIZED, payment_method="pm_card_visa"),
    Case("mastercard", AUTHORIZED, payment_method="pm_card_mastercard"),
    Case("american express", AUTHORIZED, payment_method="pm_card_amex"),
    _declined("visa_chargeDeclined", "card_declined", "generic_decline"),
    _declined("visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    _declined("visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    _declined("visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    _declined("chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    _declined("chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    _declined("chargeDeclinedProcessingError", "processing_error", "processing_error"),
    _declined("chargeDeclinedFraudulent", "card_declined", "fraudulent"),
    Case(
        "needs authentication",
        Expectation(
            "rejected",
            "authentication_required",
            "authentication_required",
            "authentication_required",
        ),
        Setup.STORED,
        "pm_card_threeDSecure2Required",
    ),
    Case(
        "no such user",
        Expectation("rejected", "user_not_found"),
        Setup.UNKNOWN,
    ),
    Case(
        "user without a card",
        Expectation("rejected", "payment_method_missing"),
        Setup.NO_CARD,
    ),
    Case(
        "customer unknown to Stripe",
        Expectation("rejected", "invalid_customer", "resource_missing"),
        Setup.DELETED,
    ),
)
