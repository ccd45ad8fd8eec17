"""The outcome of charging a test card, and the duration of a hold on it."""

from typing import Literal, TypeAlias

from stripe_emulator.objects.cards import (
    AUTHENTICATION_NOT_HANDLED,
    Card,
    Decline,
)

ChargeOutcome: TypeAlias = Decline | Literal["approved", "authenticate"]

DAY_SECONDS = 86_400
_HOLD_SECONDS = 7 * DAY_SECONDS
_VISA_MERCHANT_INITIATED_HOLD_SECONDS = 4 * DAY_SECONDS + 18 * 3_600


def charge_outcome(
    card: Card, *, off_session: bool, error_on_requires_action: bool
) -> ChargeOutcome:
    """Return the outcome of charging a card.

    `off_session` takes precedence over `error_on_requires_action` (unverified).
    """
    needed = card.authentication == "always" or (
        card.authentication == "on_session" and not off_session
    )
    if needed and off_session and card.unauthenticated is not None:
        return card.unauthenticated
    if needed and error_on_requires_action:
        return AUTHENTICATION_NOT_HANDLED
    if needed:
        return "authenticate"
    return card.decline or "approved"


def hold_seconds(card: Card, *, off_session: bool) -> int:
    """Return the seconds after which an uncaptured hold on this card expires.

    https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
    """
    if card.brand == "visa" and off_session:
        return _VISA_MERCHANT_INITIATED_HOLD_SECONDS
    return _HOLD_SECONDS
