"""Stripe's errors as refusals, each with its cure."""

from typing import Final

import stripe
from saga_schemas.text import text_of

from user_service.domain import Refusal, RefusalCode
from user_service.errors import StripeKeyRefused

# https://docs.stripe.com/declines/card#retrying-issuer-declines
_CURES_BY_ADVICE: Final = {
    "try_again_later": "Try again later, or save another card.",
    "do_not_try_again": "Save another card; this one will not be accepted.",
    "confirm_card_data": "Check the card number, expiry date and security code, then try again.",
}
_DECLINE_CURE: Final = "Save another card, or contact the card issuer."
_CUSTOMER_CURE: Final = (
    "Ensure the user has a valid stripe_customer_id in their record: POST /users with the same "
    "clerk_user_id replaces a customer that does not exist in the Stripe account and mode of "
    "STRIPE_SECRET_KEY. Then save a card."
)
_METHOD_CURE: Final = (
    "Verify that the payment method exists in the Stripe account and mode of STRIPE_SECRET_KEY, or "
    "save another card."
)
_EMAIL_CURE: Final = "Correct the e-mail address; Stripe refuses this one."
_OTHER_CURE: Final = "Save another payment method; see the request logs in the Stripe Dashboard."


def refusal_of(error: stripe.StripeError, missing: RefusalCode) -> Refusal:
    """Return the refusal for a Stripe error; `missing` is the code for an unknown id in the path.

    Raises:
        StripeKeyRefused: Stripe rejected this service's key, or the key lacks a permission.
    """
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        raise StripeKeyRefused("Stripe rejected this service's key.") from error
    message = text_of(error.user_message) or "Stripe refused the request without a message."
    if isinstance(error, stripe.CardError):
        return _declined(error, message)
    if error.code == "resource_missing":
        of_customer = missing == "stripe_customer_invalid" or _param(error) == "customer"
        return _customer_invalid(message) if of_customer else _method_not_found(message)
    cure = _EMAIL_CURE if _param(error) == "email" else _OTHER_CURE
    return Refusal("stripe_refused", message, cure, stripe_code=text_of(error.code))


def _declined(error: stripe.CardError, message: str) -> Refusal:
    advice = text_of(getattr(error.error, "advice_code", None))
    return Refusal(
        "card_declined",
        message,
        _CURES_BY_ADVICE.get(advice or "", _DECLINE_CURE),
        stripe_code=text_of(error.code),
        decline_code=text_of(getattr(error.error, "decline_code", None)),
        advice_code=advice,
    )


def _customer_invalid(message: str) -> Refusal:
    return Refusal(
        "stripe_customer_invalid",
        f"Invalid Stripe Customer ID: {message}",
        _CUSTOMER_CURE,
        stripe_code="resource_missing",
    )


def _method_not_found(message: str) -> Refusal:
    return Refusal(
        "payment_method_not_found",
        f"Payment method not found: {message}",
        _METHOD_CURE,
        stripe_code="resource_missing",
    )


def _param(error: stripe.StripeError) -> str | None:
    return error.param if isinstance(error, stripe.InvalidRequestError) else None
