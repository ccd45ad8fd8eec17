"""An authorization: what is asked for, and everything Stripe can make of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from saga_schemas.envelope import derived_message_id
from saga_schemas.payment import AuthorizePayment, PaymentFailedPayload, PaymentFailureCode

MAX_KEY_LENGTH: Final = 255  # https://docs.stripe.com/api/idempotent_requests


def idempotency_key(*parts: object) -> str:
    """The parts with colons between, or a UUID derived from that.

    The latter where it is no HTTP header value or is too long for Stripe.
    """
    key = ":".join(str(part) for part in parts)
    plain = key.isascii() and key.isprintable() and len(key) <= MAX_KEY_LENGTH
    return key if plain else str(derived_message_id(key))


@dataclass(frozen=True, slots=True)
class Payment:
    """What an `authorize_payment` asked for; nothing of it ever changes.

    Attributes:
        attempt: The saga's, not ours, in the first command; it is in the idempotency key.
        command_id: The first command's `message_id`.
        payment_method_id: None for a customer without a saved card.
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
    def of(cls, command: AuthorizePayment) -> "Payment":
        """The payment that a command asks for."""
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
        """The same for every request that is made for this payment, whoever makes it.

        `{saga_id}:authorize_payment:{attempt}`, as `idempotency_key` writes it.
        """
        return idempotency_key(self.saga_id, "authorize_payment", self.attempt)


@dataclass(frozen=True, slots=True)
class Authorized:
    """The amount is held, until `capture_before` where Stripe said when."""

    payment_intent_id: str
    capture_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotAuthorized:
    """Nothing is held, and nothing will be. What is None, Stripe did not say.

    Attributes:
        code: Ours; each way to fail has one.
        detail: What Stripe said, or what was seen, for a person.
        stripe_code: `error.code`; `decline_code` and `advice_code` likewise:
            https://docs.stripe.com/error-codes
        payment_intent_id: Where Stripe made one before it refused.
    """

    code: ClassVar[PaymentFailureCode]

    detail: str
    stripe_code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    payment_intent_id: str | None = None


class Declined(NotAuthorized):
    """The card was refused."""

    code = "card_declined"


class NeedsAuthentication(NotAuthorized):
    """The cardholder would have to authenticate, and is not there."""

    code = "authentication_required"


class InvalidCustomer(NotAuthorized):
    """Stripe has no such customer."""

    code = "invalid_customer"


class PaymentMethodNotFound(NotAuthorized):
    """There is no card to ask with, or Stripe has none of this id that the customer may use."""

    code = "payment_method_not_found"


class MissingReturnUrl(NotAuthorized):
    """Stripe would accept a payment method that redirects, and was not told where to."""

    code = "missing_return_url"


class InvalidRequest(NotAuthorized):
    """Stripe refused for a reason that has no name of its own here."""

    code = "invalid_request"


class PaymentCanceledBefore(NotAuthorized):
    """The saga's `cancel_payment` came first: nothing may be held for it any more."""

    code = "payment_canceled"


class StripeUnavailable(NotAuthorized):
    """Stripe gave no answer for so long that we gave up, and it has no PaymentIntent."""

    code = "stripe_unavailable"


Outcome: TypeAlias = Authorized | NotAuthorized
"""How an authorization ends. Business outcomes are values; none of them is an exception."""

Verdict: TypeAlias = Authorized | PaymentFailedPayload
"""An outcome as it is stored and told: the hold, or the failure with its cause and cure."""
