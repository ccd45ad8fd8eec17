"""What the steps of the Create Order saga ask the other services for."""

from saga_schemas.payment import AuthorizePayment, AuthorizePaymentPayload
from saga_schemas.payment_lifecycle import (
    CancelPayment,
    CancelPaymentPayload,
    CapturePayment,
    CapturePaymentPayload,
    RefundPayment,
    RefundPaymentPayload,
)
from saga_schemas.user import RetrievePaymentInfo, RetrievePaymentInfoPayload

from order_saga.domain import OrderSaga, State


def retrieve_payment_info(saga: OrderSaga) -> RetrievePaymentInfo:
    """Ask the user service who pays, and with which card."""
    payload = RetrievePaymentInfoPayload(
        clerk_user_id=saga.clerk_user_id, order=saga.order, attempt=saga.attempt
    )
    return RetrievePaymentInfo(correlation_id=saga.id, payload=payload)


def authorize_payment(saga: OrderSaga) -> AuthorizePayment:
    """Ask the payment service to hold the order's amount."""
    assert saga.customer  # noqa: S101 - the step before has remembered it
    payload = AuthorizePaymentPayload(
        customer=saga.customer, order=saga.order, attempt=saga.attempt
    )
    return AuthorizePayment(correlation_id=saga.id, payload=payload)


def capture_payment(saga: OrderSaga) -> CapturePayment:
    """Ask the payment service to take what was asked for."""
    assert saga.asked  # noqa: S101 - the request that leads here has left it
    payload = CapturePaymentPayload(
        amount=saga.asked.amount, currency=saga.order.currency, attempt=saga.attempt
    )
    return CapturePayment(correlation_id=saga.id, payload=payload)


def cancel_payment(saga: OrderSaga) -> CancelPayment:
    """Ask the payment service to hold nothing, whatever became of the authorization."""
    by_customer = saga.goal is State.CANCELED
    payload = CancelPaymentPayload(
        reason="requested_by_customer" if by_customer else "abandoned", attempt=saga.attempt
    )
    return CancelPayment(correlation_id=saga.id, payload=payload)


def refund_payment(saga: OrderSaga) -> RefundPayment:
    """Ask the payment service to give back what was asked for, once however often it is sent."""
    assert saga.asked  # noqa: S101 - the request that leads here has left it
    payload = RefundPaymentPayload(
        refund_id=saga.asked.id,
        amount=saga.asked.amount,
        currency=saga.order.currency,
        attempt=saga.attempt,
    )
    return RefundPayment(correlation_id=saga.id, payload=payload)
