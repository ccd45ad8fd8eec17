"""What charging a card comes to, and how long a hold on it stands."""

from typing import Literal, TypeAlias

from stripe_emulator.objects.cards import (
    AUTHENTICATION_NOT_HANDLED,
    Card,
    Decline,
)

Outcome: TypeAlias = Decline | Literal["approved", "authenticate"]

DAY_SECONDS = 86_400
_HOLD_SECONDS = 7 * DAY_SECONDS
_VISA_MERCHANT_INITIATED_HOLD_SECONDS = 4 * DAY_SECONDS + 18 * 3_600


def outcome(card: Card, *, off_session: bool, error_on_requires_action: bool) -> Outcome:
    """What charging a card comes to.

    Off session goes before `error_on_requires_action` where both are given (unverified).
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
    """How long a hold on this card stands before it expires.

    https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
    """
    if card.brand == "visa" and off_session:
        return _VISA_MERCHANT_INITIATED_HOLD_SECONDS
    return _HOLD_SECONDS
