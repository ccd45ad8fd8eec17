"""An authorization: the request for a hold, and every outcome Stripe can give it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from saga_schemas.envelope import derived_message_id
from saga_schemas.payment import AuthorizePayment, PaymentFailedPayload, PaymentFailureCode

MAX_KEY_LENGTH: Final = 255  # https://docs.stripe.com/api/idempotent_requests


def idempotency_key(*parts: object) -> str:
    """Join the parts with colons into an idempotency key.

    Returns:
        The joined parts, or a UUID derived from them if they are not a valid HTTP header value or
        are longer than Stripe allows. The same parts always give the same key.
    """
    key = ":".join(str(part) for part in parts)
    plain = key.isascii() and key.isprintable() and len(key) <= MAX_KEY_LENGTH
    return key if plain else str(derived_message_id(key))


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The content of an `authorize_payment` command; it never changes.

    Attributes:
        attempt: The saga's attempt in the first command. It is part of the idempotency key.
        command_id: The `message_id` of the first command.
        payment_method_id: None if the customer has no saved card.
        amount: In the currency's minor unit.
    """

    saga_id: str
    attempt: int
    command_id: UUID
    clerk_user_id: str
    stripe_customer_id: str
    payment_method_id: str | None
    amount: int
    currency: str
    description: str

    @classmethod
    def of(cls, command: AuthorizePayment) -> "AuthorizationRequest":
        """Build the request from a command."""
        customer, order = command.payload.customer, command.payload.order
        return cls(
            saga_id=command.correlation_id,
            attempt=command.payload.attempt,
            command_id=command.message_id,
            clerk_user_id=customer.clerk_user_id,
            stripe_customer_id=customer.stripe_customer_id,
            payment_method_id=customer.user_stripe_card
            and customer.user_stripe_card.payment_method_id,
            amount=order.amount,
            currency=order.currency,
            description=order.description,
        )

    @property
    def idempotency_key(self) -> str:
        """The key of every Stripe request for this payment, in every process.

        `{saga_id}:authorize_payment:{attempt}`, as formatted by `idempotency_key`.
        """
        return idempotency_key(self.saga_id, "authorize_payment", self.attempt)


@dataclass(frozen=True, slots=True)
class Authorized:
    """The amount is held, until `capture_before` if Stripe reported it."""

    payment_intent_id: str
    capture_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotAuthorized:
    """Nothing is held, and nothing will be. An attribute is None if Stripe did not report it.

    Attributes:
        code: Our code; each subclass has its own.
        detail: Stripe's message or our observation, for people.
        stripe_code: `error.code`, with `decline_code` and `advice_code`:
            https://docs.stripe.com/error-codes
        payment_intent_id: The PaymentIntent, if Stripe created one before it refused.
    """

    code: ClassVar[PaymentFailureCode]

    detail: str
    stripe_code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    payment_intent_id: str | None = None


class Declined(NotAuthorized):
    """The card was declined."""

    code = "card_declined"


class NeedsAuthentication(NotAuthorized):
    """The card requires authentication, and the cardholder is not present."""

    code = "authentication_required"


class InvalidCustomer(NotAuthorized):
    """Stripe has no such customer."""

    code = "invalid_customer"


class PaymentMethodNotFound(NotAuthorized):
    """The user has no saved card, or Stripe has no such payment method for the customer."""

    code = "payment_method_not_found"


class MissingReturnUrl(NotAuthorized):
    """Stripe allows payment methods that redirect, and the request has no `return_url`."""

    code = "missing_return_url"


class InvalidRequest(NotAuthorized):
    """Stripe refused the request for a reason that has no code of its own here."""

    code = "invalid_request"


class PaymentCanceledBefore(NotAuthorized):
    """The saga sent `cancel_payment` first: nothing may be held for it."""

    code = "payment_canceled"


class NotBegun(PaymentCanceledBefore):
    """No request was sent to Stripe before the command's time-out left too little time for one.

    It has the code of a cancellation: versions that store and read failures know no other code.
    """


class StripeUnavailable(NotAuthorized):
    """Stripe did not respond before we gave up, and it has no PaymentIntent."""

    code = "stripe_unavailable"


Outcome: TypeAlias = Authorized | NotAuthorized
"""The end of an authorization. Business outcomes are values, never exceptions."""

AuthorizationResult: TypeAlias = Authorized | PaymentFailedPayload
"""An outcome as stored and published: the hold, or the failure with its cause and cure."""
