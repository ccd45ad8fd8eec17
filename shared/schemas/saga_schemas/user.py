"""Messages to and from the user service (`user_commands`, `user_events`)."""

from typing import Literal

from saga_schemas.envelope import Command, Envelope
from saga_schemas.values import (
    Attempt,
    ClerkUserId,
    Customer,
    Failure,
    OrderDetails,
    ShortText,
    Value,
)

PaymentInfoFailureCode = Literal[
    "user_not_found", "stripe_customer_missing", "payment_method_missing"
]


class RetrievePaymentInfoPayload(Value):
    """The user whose payment info is requested, and the order that the reply repeats."""

    clerk_user_id: ClerkUserId
    order: OrderDetails
    attempt: Attempt = 1


class RetrievePaymentInfo(Command):
    """Command: reply with the user's Stripe customer and saved card."""

    type: Literal["retrieve_payment_info"] = "retrieve_payment_info"
    payload: RetrievePaymentInfoPayload
    source: ShortText = "order-saga"
    version: Literal[1] = 1


class PaymentInfoRetrievedPayload(Value):
    """The specification's payload; `attempt` is the command's."""

    customer: Customer
    order: OrderDetails
    attempt: Attempt | None = None


class PaymentInfoRetrieved(Envelope):
    """Event: the user can pay, with this customer and card."""

    type: Literal["user.payment_info_retrieved"] = "user.payment_info_retrieved"
    payload: PaymentInfoRetrievedPayload
    source: ShortText = "user-service"
    version: Literal[1] = 1


class PaymentInfoFailedPayload(Failure):
    """The reason that the user cannot pay."""

    code: PaymentInfoFailureCode
    clerk_user_id: ClerkUserId
    attempt: Attempt | None = None


class PaymentInfoFailed(Envelope):
    """Event: the user cannot pay."""

    type: Literal["user.payment_info_failed"] = "user.payment_info_failed"
    payload: PaymentInfoFailedPayload
    source: ShortText = "user-service"
    version: Literal[1] = 1
