"""The commands that the steps of the Create Order saga send."""

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

from order_saga.create_order.state import OrderSaga, State


def retrieve_payment_info(saga: OrderSaga) -> RetrievePaymentInfo:
    """Retrieve the user's Stripe customer and card."""
    payload = RetrievePaymentInfoPayload(
        clerk_user_id=saga.clerk_user_id, order=saga.order, attempt=saga.attempt
    )
    return RetrievePaymentInfo(correlation_id=saga.id, payload=payload)


def authorize_payment(saga: OrderSaga) -> AuthorizePayment:
    """Hold the order's amount."""
    assert saga.customer  # noqa: S101 - the step before has kept it
    payload = AuthorizePaymentPayload(
        customer=saga.customer, order=saga.order, attempt=saga.attempt
    )
    return AuthorizePayment(correlation_id=saga.id, payload=payload)


def capture_payment(saga: OrderSaga) -> CapturePayment:
    """Capture the requested amount."""
    assert saga.pending  # noqa: S101 - the request that leads here was kept
    payload = CapturePaymentPayload(
        amount=saga.pending.amount, currency=saga.order.currency, attempt=saga.attempt
    )
    return CapturePayment(correlation_id=saga.id, payload=payload)


def cancel_payment(saga: OrderSaga) -> CancelPayment:
    """Release the hold, whatever the outcome of the authorization."""
    by_customer = saga.ends_in == State.CANCELED
    payload = CancelPaymentPayload(
        reason="requested_by_customer" if by_customer else "abandoned", attempt=saga.attempt
    )
    return CancelPayment(correlation_id=saga.id, payload=payload)


def refund_payment(saga: OrderSaga) -> RefundPayment:
    """Refund the requested amount; once, however often the command is sent."""
    assert saga.pending  # noqa: S101 - the request that leads here was kept
    payload = RefundPaymentPayload(
        refund_id=saga.pending.id,
        amount=saga.pending.amount,
        currency=saga.order.currency,
        attempt=saga.attempt,
    )
    return RefundPayment(correlation_id=saga.id, payload=payload)
