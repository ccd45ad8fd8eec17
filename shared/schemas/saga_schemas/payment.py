"""Messages to and from the payment service (`payment_commands`, `payment_events`)."""

from typing import Literal

from saga_schemas.envelope import Command, Envelope
from saga_schemas.values import (
    Amount,
    Attempt,
    Currency,
    Customer,
    Failure,
    Identifier,
    Instant,
    OrderDetails,
    ShortText,
    Value,
)

PaymentFailureCode = Literal[
    "card_declined",
    "authentication_required",
    "invalid_customer",
    "payment_method_not_found",
    "missing_return_url",
    "invalid_request",
    "payment_canceled",
    "stripe_unavailable",
]


class AuthorizePaymentPayload(Value):
    """The customer, from the user service's reply, and the order to pay."""

    customer: Customer
    order: OrderDetails
    attempt: Attempt = 1


class AuthorizePayment(Command):
    """Command: hold the order's amount on the customer's card (manual capture)."""

    type: Literal["authorize_payment"] = "authorize_payment"
    payload: AuthorizePaymentPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class PaymentAuthorizedPayload(Value):
    """The hold. It expires at `capture_before`, if Stripe gave a time, unless it is captured."""

    payment_intent_id: Identifier
    amount: Amount
    currency: Currency = "usd"
    capture_before: Instant | None = None
    attempt: Attempt | None = None


class PaymentAuthorized(Envelope):
    """Event: the amount is held at Stripe."""

    type: Literal["payment.authorized"] = "payment.authorized"
    payload: PaymentAuthorizedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1


class PaymentFailedPayload(Failure):
    """The reason that nothing is held, and the PaymentIntent if Stripe created one."""

    code: PaymentFailureCode
    payment_intent_id: Identifier | None = None
    attempt: Attempt | None = None


class PaymentFailed(Envelope):
    """Event: nothing is held, and nothing will be for this attempt."""

    type: Literal["payment.failed"] = "payment.failed"
    payload: PaymentFailedPayload
    source: ShortText = "payment-service"
    version: Literal[1] = 1
