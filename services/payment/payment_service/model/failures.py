"""The failure guide: title, cause and cure of every failure, in events and in the README."""

from dataclasses import dataclass
from typing import Final

from saga_schemas.payment import PaymentFailedPayload, PaymentFailureCode
from saga_schemas.payment_lifecycle import OperationFailedPayload, OperationFailureCode
from saga_schemas.text import storable

from payment_service.model.authorization import (
    AuthorizationResult,
    Authorized,
    NotAuthorized,
    Outcome,
)
from payment_service.model.stripe_results import Rejected

MAX_DETAIL_LENGTH: Final = 1_000
MAX_CODE_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class FailureGuide:
    """The title, cause and cure of a failure, for people."""

    title: str
    cause: str
    cure: str


AUTHORIZATION_FAILURES: Final[dict[PaymentFailureCode, FailureGuide]] = {
    "card_declined": FailureGuide(
        "Card declined",
        "The card's issuer, or Stripe on its behalf, declined the authorization.",
        "Ask the customer for another card, or to contact the bank that issued this one.",
    ),
    "authentication_required": FailureGuide(
        "Authentication required",
        "The bank requires the cardholder to authenticate, and the payment is off-session.",
        "Ask the customer to save the card again and authenticate, or to use another card.",
    ),
    "invalid_customer": FailureGuide(
        "Invalid Stripe Customer ID",
        "Stripe has no such customer under this API key: it was deleted, or created in another "
        "mode.",
        "Ensure the user has a valid stripe_customer_id in their record; register the user again.",
    ),
    "payment_method_not_found": FailureGuide(
        "Payment method not found",
        "The user has no saved card, or the customer has no payment method with this ID.",
        "Verify the user has saved payment methods in Stripe; save the customer's card again.",
    ),
    "missing_return_url": FailureGuide(
        "Missing return_url",
        "Payment methods that redirect the customer are enabled in the Stripe Dashboard.",
        "Set STRIPE_RETURN_URL, or leave it unset to disallow redirects.",
    ),
    "invalid_request": FailureGuide(
        "Invalid request",
        "Stripe cannot process this request; sending it again does not help.",
        "Read Stripe's message, and find the request in the logs of the Stripe Dashboard.",
    ),
    "payment_canceled": FailureGuide(
        "Payment canceled",
        "The payment was canceled before it was authorized, or its hold has ended.",
        "Nothing is held. Place the order again if it is still wanted.",
    ),
    "stripe_unavailable": FailureGuide(
        "Stripe unavailable",
        "Stripe did not respond in time, and it has no PaymentIntent for this order.",
        "See https://status.stripe.com; place the order again later.",
    ),
}

OPERATION_FAILURES: Final[dict[OperationFailureCode, FailureGuide]] = {
    "no_payment": FailureGuide(
        "No payment",
        "No amount was ever held for this order.",
        "There is nothing to capture or refund; see why the authorization failed.",
    ),
    "nothing_held": FailureGuide(
        "Nothing held",
        "The hold was released or has expired, and nothing was captured.",
        "There is nothing to refund. Place the order again to hold the amount again.",
    ),
    "already_captured": FailureGuide(
        "Already captured",
        "The hold has already been captured, and a hold can be captured only once.",
        "Refund an excess amount; place another order for a missing amount.",
    ),
    "amount_too_large": FailureGuide(
        "Amount too large",
        "The amount exceeds the amount held, or the amount left to refund.",
        "Check the held, captured and refunded amounts, and request at most what is left.",
    ),
    "charge_disputed": FailureGuide(
        "Charge disputed",
        "The cardholder's bank has already taken the money back.",
        "Respond to the dispute in the Stripe Dashboard; do not refund it as well.",
    ),
    "invalid_request": FailureGuide(
        "Invalid request",
        "The operation is not possible in the payment's current status, or Stripe refuses it.",
        "Read the message, and find the request in the logs of the Stripe Dashboard.",
    ),
    "stripe_unavailable": FailureGuide(
        "Stripe unavailable",
        "Stripe did not respond in time, and the operation has not taken effect there.",
        "See https://status.stripe.com; request the operation again later.",
    ),
}

REFUND_FAILED: Final = FailureGuide(
    "Refund failed",
    "Stripe created the refund, and the cardholder's bank returned it: the money is back in our "
    "Stripe balance.",
    "Refund the amount again, or return the money in another way.",
)

# For our people only: never tell a customer that a card is reported lost, stolen or fraudulent.
# https://docs.stripe.com/declines/codes
CURE_OF_DECLINE: Final = {
    "insufficient_funds": "Ask the customer for another card, or to add funds and try again.",
    "lost_card": "Do not try this card again; ask for another card without giving the reason.",
    "stolen_card": "Do not try this card again; ask for another card without giving the reason.",
    "fraudulent": "Do not try this card again; ask for another card without giving the reason.",
    "expired_card": "Ask the customer to save a card that has not expired.",
    "incorrect_cvc": "Ask the customer to save the card again with the correct CVC.",
    "processing_error": "Place the order again; if it fails again, try later.",
    "card_velocity_exceeded": "The card's limit is reached: ask for another card, or try later.",
}

# https://docs.stripe.com/declines#retrying-issuer-declines
CURE_OF_ADVICE: Final = {
    "try_again_later": "Place the order again later, or ask the customer for another card.",
    "do_not_try_again": "Do not try this card again; ask the customer for another card.",
    "confirm_card_data": "Ask the customer to check the card's data and save it again.",
}


def authorization_result(outcome: Outcome) -> AuthorizationResult:
    """Convert an outcome to its stored form; a failure gets its cause and cure."""
    return outcome if isinstance(outcome, Authorized) else authorization_failure(outcome)


def authorization_failure(outcome: NotAuthorized) -> PaymentFailedPayload:
    """Describe a failed authorization with its cause and cure."""
    guide = AUTHORIZATION_FAILURES[outcome.code]
    return PaymentFailedPayload(
        code=outcome.code,
        message=_message(guide, outcome.detail),
        cure=_cure(outcome, guide),
        stripe_code=_code(outcome.stripe_code),
        decline_code=_code(outcome.decline_code),
        advice_code=_code(outcome.advice_code),
        payment_intent_id=outcome.payment_intent_id,
    )


def operation_failure(rejection: Rejected, intent_id: str | None) -> OperationFailedPayload:
    """Describe a rejected operation with its cause and cure."""
    guide = OPERATION_FAILURES[rejection.code]
    return OperationFailedPayload(
        code=rejection.code,
        message=_message(guide, rejection.detail),
        cure=guide.cure,
        stripe_code=_code(rejection.stripe_code),
        payment_intent_id=intent_id,
    )


def late_refund_failure(
    stripe_refund_id: str, failure_reason: str | None, intent_id: str | None
) -> OperationFailedPayload:
    """Describe the failure of a refund that Stripe had created.

    `failure_reason`: https://docs.stripe.com/api/refunds/object#refund_object-failure_reason
    """
    return OperationFailedPayload(
        code="invalid_request",
        message=_message(REFUND_FAILED, f"Refund: {stripe_refund_id}."),
        cure=REFUND_FAILED.cure,
        stripe_code=_code(failure_reason),
        payment_intent_id=intent_id,
    )


def _message(guide: FailureGuide, detail: str) -> str:
    return f"{guide.title}: {guide.cause} {storable(detail[:MAX_DETAIL_LENGTH])}".strip()


def _cure(outcome: NotAuthorized, guide: FailureGuide) -> str:
    if outcome.code != "card_declined":
        return guide.cure
    by_advice = CURE_OF_ADVICE.get(outcome.advice_code or "", guide.cure)
    return CURE_OF_DECLINE.get(outcome.decline_code or "", by_advice)


def _code(code: str | None) -> str | None:
    return code and storable(code[:MAX_CODE_LENGTH])
