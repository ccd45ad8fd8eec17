"""The Create Order saga, on one page: each step, its command, its replies, its time, its undo.

retrieving_payment_info --> authorizing --> authorized
           |                     |
           +---------------------+--------> rejected
"""

from saga_schemas.order import (
    OrderAuthorized,
    OrderAuthorizedPayload,
    OrderRejected,
    OrderRejectedPayload,
)
from saga_schemas.payment import (
    AuthorizePayment,
    AuthorizePaymentPayload,
    PaymentAuthorized,
    PaymentFailed,
)
from saga_schemas.user import (
    PaymentInfoFailed,
    PaymentInfoRetrieved,
    RetrievePaymentInfo,
    RetrievePaymentInfoPayload,
)
from saga_schemas.values import Failure

from order_saga.domain import OrderSaga, State
from order_saga.saga import Definition, End, On, OnTimeout, Rest, Step


def create_order(
    *, payment_info_timeout_seconds: float = 60, authorization_timeout_seconds: float = 60
) -> Definition:
    """The saga's declaration. It is data; `saga.decide` is its only interpreter."""
    return Definition(
        version=1,
        start=State.RETRIEVING_PAYMENT_INFO,
        nodes={
            State.RETRIEVING_PAYMENT_INFO: Step(
                command=retrieve_payment_info,
                replies=(
                    On(
                        PaymentInfoRetrieved,
                        remember_customer,
                        then=State.AUTHORIZING,
                        unless=another_user,
                    ),
                    On(PaymentInfoFailed, remember_reason, then=State.REJECTED),
                ),
                timeout_seconds=payment_info_timeout_seconds,
                on_timeout=OnTimeout(remember_silence, then=State.REJECTED),
                undo=None,  # a question leaves nothing to undo
            ),
            State.AUTHORIZING: Step(
                command=authorize_payment,
                replies=(
                    On(
                        PaymentAuthorized,
                        remember_hold,
                        then=State.AUTHORIZED,
                        unless=another_amount,
                    ),
                    On(PaymentFailed, remember_refusal, then=State.REJECTED),
                ),
                timeout_seconds=authorization_timeout_seconds,
                on_timeout=None,  # the outcome is unknown: money may be held, so it stays, overdue
                undo=None,
            ),
            State.AUTHORIZED: Rest(announce=order_authorized),
            State.REJECTED: End(announce=order_rejected),
        },
    )


# Commands


def retrieve_payment_info(saga: OrderSaga) -> RetrievePaymentInfo:
    """Ask the user service who pays, and with which card."""
    return RetrievePaymentInfo(
        correlation_id=saga.id,
        payload=RetrievePaymentInfoPayload(
            clerk_user_id=saga.clerk_user_id, order=saga.order, attempt=saga.attempt
        ),
    )


def authorize_payment(saga: OrderSaga) -> AuthorizePayment:
    """Ask the payment service to hold the order's amount."""
    assert saga.customer  # noqa: S101 - the step before has remembered it
    return AuthorizePayment(
        correlation_id=saga.id,
        payload=AuthorizePaymentPayload(
            customer=saga.customer, order=saga.order, attempt=saga.attempt
        ),
    )


# What is no reply to this order


def another_user(saga: OrderSaga, reply: PaymentInfoRetrieved) -> str | None:
    """Nobody pays for somebody else's order."""
    user = reply.payload.customer.clerk_user_id
    return None if user == saga.clerk_user_id else f"it is about user {user}"


def another_amount(saga: OrderSaga, reply: PaymentAuthorized) -> str | None:
    """A hold of another amount does not authorize the order; it stays, and becomes overdue."""
    held, ordered = reply.payload, saga.order
    if (held.amount, held.currency) == (ordered.amount, ordered.currency):
        return None
    return f"it holds {held.amount} {held.currency} in {held.payment_intent_id}"


# What a reply leaves behind


def remember_customer(saga: OrderSaga, reply: PaymentInfoRetrieved) -> OrderSaga:
    """Keep the customer; what was ordered here, not what the reply repeats, is what is held."""
    return saga.but(customer=reply.payload.customer)


def remember_hold(saga: OrderSaga, reply: PaymentAuthorized) -> OrderSaga:
    """Keep the PaymentIntent that holds the money."""
    hold = reply.payload
    return saga.but(payment_intent_id=hold.payment_intent_id, capture_before=hold.capture_before)


def remember_refusal(saga: OrderSaga, reply: PaymentFailed) -> OrderSaga:
    """Keep why nothing is held, and the PaymentIntent that Stripe made before it refused."""
    return remember_reason(saga, reply).but(payment_intent_id=reply.payload.payment_intent_id)


def remember_reason(saga: OrderSaga, reply: PaymentInfoFailed | PaymentFailed) -> OrderSaga:
    """Keep why a participant could not do its part."""
    return saga.but(reason=Failure.model_validate(reply.payload.model_dump()))


def remember_silence(saga: OrderSaga) -> OrderSaga:
    """Keep that nobody answered."""
    return saga.but(
        reason=Failure(
            code="payment_info_timeout",
            message="The user service did not answer in time.",
            cure="Check that the user service runs and keeps up, then place the order again.",
        )
    )


# What the outside world hears


def order_authorized(saga: OrderSaga) -> OrderAuthorized:
    """Announce the hold."""
    assert saga.payment_intent_id  # noqa: S101 - only a reply that brings a hold leads here
    return OrderAuthorized(
        correlation_id=saga.id,
        payload=OrderAuthorizedPayload(
            clerk_user_id=saga.clerk_user_id,
            order=saga.order,
            payment_intent_id=saga.payment_intent_id,
            capture_before=saga.capture_before,
        ),
    )


def order_rejected(saga: OrderSaga) -> OrderRejected:
    """Announce the reason."""
    assert saga.reason  # noqa: S101 - whatever leads here has remembered it
    return OrderRejected(
        correlation_id=saga.id,
        payload=OrderRejectedPayload(
            clerk_user_id=saga.clerk_user_id, order=saga.order, reason=saga.reason
        ),
    )
