"""Why a payment fails and what cures it: one table, told in the events and in the README."""

from dataclasses import dataclass
from typing import Final

from saga_schemas.payment import PaymentFailedPayload, PaymentFailureCode
from saga_schemas.settlement import SettlementFailedPayload, SettlementFailureCode

from payment_service.model.authorization import Authorized, NotAuthorized, Outcome, Verdict
from payment_service.model.stripe_results import Refused

MAX_DETAIL_LENGTH: Final = 1_000
MAX_CODE_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way to fail, for a person: its name, what causes it, what cures it."""

    title: str
    cause: str
    cure: str


TROUBLESHOOTING: Final[dict[PaymentFailureCode, Trouble]] = {
    "card_declined": Trouble(
        "Card declined",
        "The card's issuer, or Stripe for it, refused to hold the amount.",
        "Ask the customer for another card, or to call the bank that issued this one.",
    ),
    "authentication_required": Trouble(
        "Authentication required",
        "The bank wants the cardholder to confirm, who is not there while an order is processed.",
        "Ask the customer to save the card again and authenticate, or to use another one.",
    ),
    "invalid_customer": Trouble(
        "Invalid Stripe Customer ID",
        "Stripe has no such customer under this key: it was deleted, or made in another mode.",
        "Ensure the user has a valid stripe_customer_id in their record; register the user again.",
    ),
    "payment_method_not_found": Trouble(
        "Payment method not found",
        "The user has no saved card, or Stripe has none of this id that the customer may use.",
        "Verify the user has saved payment methods in Stripe; save a card of this customer again.",
    ),
    "missing_return_url": Trouble(
        "Missing return_url",
        "Payment methods that redirect the customer are enabled in the Stripe dashboard.",
        "Set STRIPE_RETURN_URL, or leave it unset so that we refuse redirects.",
    ),
    "invalid_request": Trouble(
        "Invalid request",
        "Stripe cannot do what was asked for this order; asking again changes nothing.",
        "Read what Stripe said, and find the request in the log of the Stripe dashboard.",
    ),
    "payment_canceled": Trouble(
        "Payment canceled",
        "The order's payment was canceled before it was authorized, or its hold is over.",
        "Nothing is held. Place the order again if it is still wanted.",
    ),
    "stripe_unavailable": Trouble(
        "Stripe unavailable",
        "Stripe gave no answer for too long; it was asked, and has no PaymentIntent of this order.",
        "See https://status.stripe.com; place the order again later.",
    ),
}

SETTLEMENT_TROUBLES: Final[dict[SettlementFailureCode, Trouble]] = {
    "no_payment": Trouble(
        "No payment",
        "Nothing was ever held for this order.",
        "Nothing is to be captured or given back; look at why the payment failed.",
    ),
    "nothing_held": Trouble(
        "Nothing held",
        "The hold was released or has expired, and nothing of it was captured.",
        "Nothing is to be given back. Place the order again to hold the amount anew.",
    ),
    "already_captured": Trouble(
        "Already captured",
        "The hold was captured before, and a hold can be captured once.",
        "Refund what was taken too much; hold anew what is still due.",
    ),
    "amount_too_large": Trouble(
        "Amount too large",
        "More is asked for than is held, or than is left to give back.",
        "Look at what is held, captured and refunded, and ask for that much at the most.",
    ),
    "charge_disputed": Trouble(
        "Charge disputed",
        "The cardholder's bank has taken the money back already.",
        "Answer the dispute in the Stripe dashboard; do not refund it besides.",
    ),
    "invalid_request": Trouble(
        "Invalid request",
        "This cannot be done to the payment as it stands, or Stripe refuses it.",
        "Read what was said, and find the request in the log of the Stripe dashboard.",
    ),
    "stripe_unavailable": Trouble(
        "Stripe unavailable",
        "Stripe gave no answer for too long; it was asked, and it has not been done.",
        "See https://status.stripe.com; ask for it again later.",
    ),
}

REFUND_FAILED: Final = Trouble(
    "Refund failed",
    "Stripe had made it, and the cardholder's bank did not take it: the money is back with us.",
    "Refund it once more, or give the money back in another way.",
)

# What is said here is for our people: a customer is never told that a card counts as lost, stolen
# or fraudulent. https://docs.stripe.com/declines/codes
CURE_OF_DECLINE: Final = {
    "insufficient_funds": "Ask the customer for another card, or to try again with funds on it.",
    "lost_card": "Do not try this card again; ask for another one, without saying why.",
    "stolen_card": "Do not try this card again; ask for another one, without saying why.",
    "fraudulent": "Do not try this card again; ask for another one, without saying why.",
    "expired_card": "Ask the customer to save a card that has not expired.",
    "incorrect_cvc": "Ask the customer to save the card again, with the right CVC.",
    "processing_error": "Place the order again; if it fails once more, try later.",
    "card_velocity_exceeded": "The card's limit is reached: ask for another card, or try later.",
}

# https://docs.stripe.com/declines#retrying-issuer-declines
CURE_OF_ADVICE: Final = {
    "try_again_later": "Place the order again later, or ask the customer for another card.",
    "do_not_try_again": "Do not try this card again; ask the customer for another one.",
    "confirm_card_data": "Ask the customer to check the card's data and save it again.",
}


def verdict_of(outcome: Outcome) -> Verdict:
    """The outcome as it is stored and told, with cause and cure."""
    return outcome if isinstance(outcome, Authorized) else failure_of(outcome)


def failure_of(outcome: NotAuthorized) -> PaymentFailedPayload:
    """A failure as it is stored and told."""
    trouble = TROUBLESHOOTING[outcome.code]
    return PaymentFailedPayload(
        code=outcome.code,
        message=_message(trouble, outcome.detail),
        cure=_cure(outcome, trouble),
        stripe_code=_code(outcome.stripe_code),
        decline_code=_code(outcome.decline_code),
        advice_code=_code(outcome.advice_code),
        payment_intent_id=outcome.payment_intent_id,
    )


def settlement_failure(refused: Refused, intent_id: str | None) -> SettlementFailedPayload:
    """Why an operation changed nothing, as it is stored and told."""
    trouble = SETTLEMENT_TROUBLES[refused.code]
    return SettlementFailedPayload(
        code=refused.code,
        message=_message(trouble, refused.detail),
        cure=trouble.cure,
        stripe_code=_code(refused.stripe_code),
        payment_intent_id=intent_id,
    )


def failure_of_refund(
    stripe_refund_id: str, failure_reason: str | None, intent_id: str | None
) -> SettlementFailedPayload:
    """Why a refund that Stripe had made gave nothing back, as it is stored and told.

    Its `failure_reason`: https://docs.stripe.com/api/refunds/object#refund_object-failure_reason
    """
    return SettlementFailedPayload(
        code="invalid_request",
        message=_message(REFUND_FAILED, f"It was {stripe_refund_id}."),
        cure=REFUND_FAILED.cure,
        stripe_code=_code(failure_reason),
        payment_intent_id=intent_id,
    )


def _message(trouble: Trouble, detail: str) -> str:
    said = detail.replace("\0", "")[:MAX_DETAIL_LENGTH]
    return f"{trouble.title}: {trouble.cause} {said}".strip()


def _cure(outcome: NotAuthorized, trouble: Trouble) -> str:
    if outcome.code != "card_declined":
        return trouble.cure
    by_advice = CURE_OF_ADVICE.get(outcome.advice_code or "", trouble.cure)
    return CURE_OF_DECLINE.get(outcome.decline_code or "", by_advice)


def _code(code: str | None) -> str | None:
    return code and code[:MAX_CODE_LENGTH]
