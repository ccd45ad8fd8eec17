"""Users, their saved cards, and replies to requests for payment info. Pure."""

from dataclasses import dataclass
from typing import Literal

from saga_schemas.user import (
    PaymentInfoFailed,
    PaymentInfoFailedPayload,
    PaymentInfoFailureCode,
    PaymentInfoRetrieved,
    PaymentInfoRetrievedPayload,
    RetrievePaymentInfo,
)
from saga_schemas.values import Card, Customer

RefusalCode = (
    PaymentInfoFailureCode
    | Literal[
        "card_declined",
        "payment_method_not_found",
        "stripe_customer_invalid",
        "stripe_refused",
    ]
)


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A Stripe payment method, as Stripe described it when it was saved."""

    payment_method_id: str
    card_type: str | None = None
    last_four: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A Clerk user. `stripe_customer_id` is None, never empty, for a row without a customer."""

    clerk_user_id: str
    stripe_customer_id: str | None = None
    card: SavedCard | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered user; `created` is True if this registration created the user."""

    user: User
    created: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason that a request cannot be fulfilled, and its cure.

    Attributes:
        code: The reason, from a closed set.
        message: The reason in one sentence.
        cure: The action that would make the request succeed.
        stripe_code: Stripe's `error.code`, if Stripe refused.
        decline_code: Stripe's `error.decline_code`, if the card was declined.
        advice_code: Stripe's `error.advice_code`, if the card was declined.
    """

    code: RefusalCode
    message: str
    cure: str
    stripe_code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None


def user_not_found(clerk_user_id: str) -> Refusal:
    """Refuse a request for an unknown user."""
    return Refusal(
        "user_not_found",
        f"User {clerk_user_id} does not exist.",
        "Register the user with POST /users.",
    )


def stripe_customer_missing(clerk_user_id: str) -> Refusal:
    """Refuse a request that needs the user's Stripe customer."""
    return Refusal(
        "stripe_customer_missing",
        f"Invalid Stripe Customer ID: user {clerk_user_id} has no Stripe customer.",
        "Ensure the user has a valid stripe_customer_id: POST /users with the same clerk_user_id "
        "creates it.",
    )


def payment_method_missing(clerk_user_id: str) -> Refusal:
    """Refuse a request that needs the user's saved card."""
    return Refusal(
        "payment_method_missing",
        f"Payment method not found: user {clerk_user_id} has no saved card.",
        "Verify the user has saved payment methods in Stripe, then save one with "
        f"PUT /users/{clerk_user_id}/card.",
    )


def reply_to(
    request: RetrievePaymentInfo, user: User | None
) -> PaymentInfoRetrieved | PaymentInfoFailed:
    """Return the reply to a request for this user, with the request's order and attempt."""
    clerk_user_id = request.payload.clerk_user_id
    if user is None:
        return _failed(request, "user_not_found", user_not_found(clerk_user_id))
    if user.stripe_customer_id is None:
        return _failed(request, "stripe_customer_missing", stripe_customer_missing(clerk_user_id))
    if user.card is None:
        return _failed(request, "payment_method_missing", payment_method_missing(clerk_user_id))
    return _retrieved(request, user.stripe_customer_id, user.card)


def _retrieved(
    request: RetrievePaymentInfo, stripe_customer_id: str, card: SavedCard
) -> PaymentInfoRetrieved:
    customer = Customer(
        clerk_user_id=request.payload.clerk_user_id,
        stripe_customer_id=stripe_customer_id,
        user_stripe_card=Card(
            payment_method_id=card.payment_method_id,
            card_type=card.card_type,
            last_four=card.last_four,
        ),
    )
    return PaymentInfoRetrieved(
        correlation_id=request.correlation_id,
        payload=PaymentInfoRetrievedPayload(
            customer=customer, order=request.payload.order, attempt=request.payload.attempt
        ),
    )


def _failed(
    request: RetrievePaymentInfo, code: PaymentInfoFailureCode, refusal: Refusal
) -> PaymentInfoFailed:
    return PaymentInfoFailed(
        correlation_id=request.correlation_id,
        payload=PaymentInfoFailedPayload(
            code=code,
            message=refusal.message,
            cure=refusal.cure,
            clerk_user_id=request.payload.clerk_user_id,
            attempt=request.payload.attempt,
        ),
    )
