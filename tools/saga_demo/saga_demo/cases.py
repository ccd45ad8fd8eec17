"""What the demo orders, and how each order must end: facts about the cards, as data.

The outcomes are Stripe's, from https://docs.stripe.com/testing and
https://docs.stripe.com/declines/codes, not what the services happen to answer.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Expectation:
    """How an order ends.

    Attributes:
        state: Its last state.
        code: The reason's code in our words; None: there is no reason.
        stripe_code: Stripe's `error.code`, where Stripe refused.
        decline_code: Stripe's `error.decline_code`, where the issuer refused.
    """

    state: str
    code: str | None = None
    stripe_code: str | None = None
    decline_code: str | None = None

    def differences(self, order: dict[str, Any]) -> list[str]:
        """What about this order is otherwise, in words; empty if it ended as it must."""
        reason = order.get("reason") or {}
        actual = {
            "state": order["state"],
            "code": reason.get("code"),
            "stripe_code": reason.get("stripe_code"),
            "decline_code": reason.get("decline_code"),
        }
        found = [
            f"{name} is {value!r}, expected {getattr(self, name)!r}"
            for name, value in actual.items()
            if value != getattr(self, name)
        ]
        if self.state == "authorized" and not order["payment_intent_id"]:
            found.append("no PaymentIntent holds the amount")
        return found


class Setup(Enum):
    """What is done for an order's user before it is placed."""

    ATTACHED = "registered, the card attached to the customer"
    STORED = "registered, the card's token stored as it is: Stripe attaches no declining card"
    NO_CARD = "registered, without a card"
    UNKNOWN = "never registered"
    DELETED = "registered with a card, then the customer deleted at Stripe"


@dataclass(frozen=True)
class Case:
    """One order of the demo."""

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
