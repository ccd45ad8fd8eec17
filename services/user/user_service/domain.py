"""Users, their saved cards, and the answer to who can pay. Pure."""

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
    """A payment method at Stripe, as Stripe described it when it was saved."""

    payment_method_id: str
    card_type: str | None = None
    last_four: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A user of Clerk. Rows from elsewhere may lack the customer: None, never empty."""

    clerk_user_id: str
    stripe_customer_id: str | None = None
    card: SavedCard | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The user, and whether this registration created it."""

    user: User
    created: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be done as asked, and what cures it; asking again changes nothing.

    The last three are Stripe's own words, where it was Stripe that refused.
    """

    code: RefusalCode
    message: str
    cure: str
    stripe_code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None


def user_not_found(clerk_user_id: str) -> Refusal:
    """There is no such user."""
    return Refusal(
        "user_not_found",
        f"There is no user {clerk_user_id}.",
        "Register the user with POST /users.",
    )


def stripe_customer_missing(clerk_user_id: str) -> Refusal:
    """The user's row names no customer."""
    return Refusal(
        "stripe_customer_missing",
        f"Invalid Stripe Customer ID: user {clerk_user_id} has none.",
        "Ensure the user has a valid stripe_customer_id: POST /users with the same clerk_user_id "
        "creates it.",
    )


def payment_method_missing(clerk_user_id: str) -> Refusal:
    """The user has no saved card."""
    return Refusal(
        "payment_method_missing",
        f"Payment method not found: user {clerk_user_id} has no saved card.",
        "Verify the user has saved payment methods in Stripe, then save one with "
        f"PUT /users/{clerk_user_id}/card.",
    )


def answer(
    user: User | None, request: RetrievePaymentInfo
) -> PaymentInfoRetrieved | PaymentInfoFailed:
    """The reply to a request, with its order and attempt; `user` is whom it asks for."""
    wanted = request.payload.clerk_user_id
    if user is None:
        return _failed(request, "user_not_found", user_not_found(wanted))
    if user.stripe_customer_id is None:
        return _failed(request, "stripe_customer_missing", stripe_customer_missing(wanted))
    if user.card is None:
        return _failed(request, "payment_method_missing", payment_method_missing(wanted))
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
