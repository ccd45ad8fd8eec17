"""Stripe's test cards as data: the properties of each token and the result of charging it.

https://docs.stripe.com/testing. The outcome of a card that is not `verified` comes from the
documentation and was not observed in Stripe's test mode.
"""

from dataclasses import dataclass, replace
from typing import Final

from stripe_emulator.wire.errors import CardDeclined


@dataclass(frozen=True, slots=True)
class Decline:
    """The reason that a charge fails, in the attributes of Stripe's error.

    `blocked` is true if Stripe Radar refused the charge instead of the issuer; `charged` is true
    if the attempt creates a charge.
    """

    code: str
    decline_code: str
    message: str
    param: str | None = None
    advice_code: str | None = None
    network_decline_code: str | None = None
    network_advice_code: str | None = None
    blocked: bool = False
    charged: bool = True

    def as_error(self, **details: object) -> CardDeclined:
        """Build the error of this decline, with further attributes of the envelope."""
        return CardDeclined(
            self.message,
            code=self.code,
            param=self.param,
            decline_code=self.decline_code,
            advice_code=self.advice_code,
            network_decline_code=self.network_decline_code,
            network_advice_code=self.network_advice_code,
            **details,
        )


@dataclass(frozen=True, slots=True)
class Card:
    """A test card, identified by its token.

    Attributes:
        authentication: When the cardholder must authenticate: `never`, `on_session` or `always`.
        unauthenticated: The decline of a charge without the required authentication.
        decline: The decline of a charge, after any authentication; None succeeds.
        attachable: True if a declining card can be attached to a customer.
        verified: True if the outcome was observed in Stripe's test mode.
        refund_fails: True if each refund fails some time after its creation.
        dispute: The reason of the dispute that each capture opens, or "inquiry".
    """

    token: str
    brand: str
    last4: str
    funding: str = "credit"
    decline: Decline | None = None
    authentication: str = "never"
    unauthenticated: Decline | None = None
    attachable: bool = True
    verified: bool = True
    refund_fails: bool = False
    dispute: str | None = None


_DECLINED: Final = "Your card was declined."
_TRY_AGAIN: Final = "try_again_later"
_NEVER: Final = "do_not_try_again"
_CHECK: Final = "confirm_card_data"

GENERIC: Final = Decline("card_declined", "generic_decline", _DECLINED, None, _TRY_AGAIN, "01")
INSUFFICIENT_FUNDS: Final = Decline(
    "card_declined",
    "insufficient_funds",
    "Your card has insufficient funds.",
    advice_code=_TRY_AGAIN,
    network_decline_code="51",
    network_advice_code="02",
)
_LOST: Final = Decline("card_declined", "lost_card", _DECLINED, None, _NEVER, "41", "01")
_STOLEN: Final = Decline("card_declined", "stolen_card", _DECLINED, None, _NEVER, "43", "01")
_EXPIRED: Final = Decline(
    "expired_card", "expired_card", "Your card has expired.", "exp_month", _CHECK, "54", "03"
)
_INCORRECT_CVC: Final = Decline(
    "incorrect_cvc",
    "incorrect_cvc",
    "Your card's security code is incorrect.",
    "cvc",
    _CHECK,
    "N7",
    "03",
)
_PROCESSING_ERROR: Final = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
    advice_code=_TRY_AGAIN,
    network_decline_code="06",
)
_FRAUDULENT: Final = Decline("card_declined", "fraudulent", _DECLINED)
_VELOCITY: Final = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its "
    "amount limit.",
    advice_code=_TRY_AGAIN,
    network_decline_code="61",
    network_advice_code="02",
)
_BLOCKED: Final = Decline("card_declined", "fraudulent", _DECLINED, blocked=True)
AUTHENTICATION_REQUIRED: Final = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
AUTHENTICATION_MISSING: Final = replace(AUTHENTICATION_REQUIRED, charged=False)
AUTHENTICATION_NOT_HANDLED: Final = Decline(
    "authentication_required",
    "authentication_not_handled",
    "This payment required an authentication action to complete, but `error_on_requires_action` "
    "was set. When you're ready, you can upgrade your integration to handle actions at "
    "https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions.",
    charged=False,
)


def _declining(
    name: str, last4: str, decline: Decline, *, attachable: bool = False, verified: bool = True
) -> Card:
    return Card(name, "visa", last4, decline=decline, attachable=attachable, verified=verified)


def _authenticating(
    name: str, last4: str, when: str, *, decline: Decline | None = None, verified: bool = False
) -> Card:
    missing = AUTHENTICATION_MISSING if "threeDSecure" in name else AUTHENTICATION_REQUIRED
    return Card(
        name,
        "visa",
        last4,
        authentication=when,
        unauthenticated=missing,
        decline=decline,
        verified=verified,
    )


_CARDS: Final = (
    Card("visa", "visa", "4242"),
    Card("visa_debit", "visa", "5556", "debit"),
    Card("mastercard", "mastercard", "4444"),
    Card("mastercard_debit", "mastercard", "8210", "debit"),
    Card("mastercard_prepaid", "mastercard", "5100", "prepaid"),
    Card("amex", "amex", "0005"),
    Card("discover", "discover", "1117"),
    Card("diners", "diners", "0004"),
    Card("jcb", "jcb", "0505"),
    Card("unionpay", "unionpay", "0005"),
    Card("refundFail", "visa", "5126", verified=False, refund_fails=True),
    Card("createDispute", "visa", "0259", verified=False, dispute="fraudulent"),
    Card(
        "createDisputeProductNotReceived",
        "visa",
        "2685",
        verified=False,
        dispute="product_not_received",
    ),
    Card("createDisputeInquiry", "visa", "1976", verified=False, dispute="inquiry"),
    _declining("visa_chargeDeclined", "0002", GENERIC),
    _declining("chargeDeclined", "0002", GENERIC),
    _declining("visa_chargeDeclinedInsufficientFunds", "9995", INSUFFICIENT_FUNDS),
    _declining("visa_chargeDeclinedLostCard", "9987", _LOST),
    _declining("visa_chargeDeclinedStolenCard", "9979", _STOLEN),
    _declining("chargeDeclinedExpiredCard", "0069", _EXPIRED),
    _declining("chargeDeclinedIncorrectCvc", "0127", _INCORRECT_CVC),
    _declining("chargeDeclinedProcessingError", "0119", _PROCESSING_ERROR),
    _declining("chargeDeclinedFraudulent", "0019", _FRAUDULENT),
    _declining("visa_chargeDeclinedVelocityLimitExceeded", "6975", _VELOCITY),
    _declining("chargeCustomerFail", "0341", GENERIC, attachable=True),
    _declining("radarBlock", "0019", _BLOCKED, attachable=True),
    _authenticating("threeDSecure2Required", "3220", "always", verified=True),
    _authenticating("threeDSecureRequired", "3063", "always"),
    _authenticating("threeDSecureOptional", "3055", "never"),
    _authenticating("authenticationRequired", "3184", "always"),
    _authenticating("authenticationRequiredOnSetup", "3155", "always", verified=True),
    _authenticating("authenticationRequiredSetupForOffSession", "0446", "on_session"),
    _authenticating(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "3178",
        "always",
        decline=INSUFFICIENT_FUNDS,
    ),
)

PAYMENT_METHOD_TOKENS: Final = {f"pm_card_{card.token}": card for card in _CARDS}
CARD_TOKENS: Final = {f"tok_{card.token}": card for card in _CARDS}
