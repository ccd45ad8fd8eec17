"""A model of the expected results, written from Stripe's rules and not from the code.

The world is what a bookkeeper beside the emulator knows: statuses, cards, and where the money is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

DAY = 86_400
EDITABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
STATE = "payment_intent_unexpected_state"


@dataclass(frozen=True)
class Card:
    """A card: `asks` is when the cardholder must authenticate, `declines` the code of the 402."""

    declines: str | None = None
    asks: str = "never"
    attachable: bool = True
    visa: bool = True

    def outcome(self, *, off_session: bool, error_on_action: bool) -> str:
        """Return `approved`, `authenticate`, or the code of a decline."""
        if self.asks == "always" or (self.asks == "on_session" and not off_session):
            refused = off_session or error_on_action
            return "authentication_required" if refused else "authenticate"
        return self.declines or "approved"


CARDS = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card(visa=False),
    "pm_card_visa_chargeDeclined": Card("card_declined", attachable=False),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card("card_declined", attachable=False),
    "pm_card_visa_chargeDeclinedLostCard": Card("card_declined", attachable=False),
    "pm_card_chargeDeclinedExpiredCard": Card("expired_card", attachable=False),
    "pm_card_chargeDeclinedIncorrectCvc": Card("incorrect_cvc", attachable=False),
    "pm_card_chargeDeclinedProcessingError": Card("processing_error", attachable=False),
    "pm_card_chargeCustomerFail": Card("card_declined"),
    "pm_card_threeDSecure2Required": Card(asks="always"),
    "pm_card_authenticationRequiredSetupForOffSession": Card(asks="on_session"),
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": Card(
        "card_declined", asks="always"
    ),
}


@dataclass
class Method:
    card: Card
    customer: str | None = None
    used_up: bool = False


@dataclass
class Intent:
    amount: int
    currency: str
    capture: str
    customer: str | None
    redirects: bool
    kept_for_later: bool
    method: str | None = None
    status: str = "requires_payment_method"
    held: int = 0
    captured: int = 0
    released: int = 0
    refunded: int = 0
    capture_before: int | None = None
    ended: tuple[int, str | None] | None = None

    def hold(self, card: Card, now: int, *, off_session: bool) -> None:
        """Record a charge: hold the money or capture it."""
        if self.capture == "manual":
            days = 4.75 if card.visa and off_session else 7
            self.held, self.capture_before = self.amount, int(now + days * DAY)
            self.status = "requires_capture"
        else:
            self.captured, self.status = self.amount, "succeeded"

    def fail(self) -> None:
        self.status, self.method = "requires_payment_method", None

    def take(self, amount: int) -> None:
        self.captured, self.released, self.held = amount, self.held - amount, 0
        self.status = "succeeded"

    def end(self, at: int, reason: str | None) -> None:
        self.released, self.held = self.released + self.held, 0
        self.status, self.ended = "canceled", (at, reason)


@dataclass
class World:
    now: int
    intents: dict[str, Intent] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    customers: list[str] = field(default_factory=list)

    def method(self, wanted: str) -> Method:
        """Return a known payment method, or the new one of a token."""
        return Method(CARDS[wanted]) if wanted in CARDS else self.methods[wanted]

    def use(self, method: Method, intent: Intent) -> None:
        """Use up a card without a customer, unless it is set up for later charges."""
        if method.customer is None:
            later = intent.kept_for_later and intent.customer is not None
            method.customer, method.used_up = (intent.customer, False) if later else (None, True)

    def authenticated(self, intent: Intent, *, succeeded: bool) -> None:
        method = self.methods[intent.method or ""]
        if not succeeded or method.card.declines or method.used_up:
            intent.fail()
        else:
            intent.hold(method.card, self.now, off_session=False)
            self.use(method, intent)

    def expire(self) -> Iterator[Intent]:
        """Return the holds that have expired; each expires at its own deadline."""
        for intent in self.intents.values():
            if intent.held and intent.capture_before and intent.capture_before <= self.now:
                intent.end(intent.capture_before, "automatic")
                yield intent


Change = Callable[[dict[str, Any]], None]


def _nothing(_shown: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True)
class Expected:
    """The expected response; `change` updates the model from the returned object."""

    status: int = 200
    code: str | None = None
    kept: bool = True
    change: Change = _nothing

    @property
    def refused(self) -> bool:
        return self.change is _nothing


INVALID = Expected(400, None, kept=False)
UNEXPECTED_STATE = Expected(400, STATE)


def invalid(code: str | None) -> Expected:
    return Expected(400, code, kept=False)
