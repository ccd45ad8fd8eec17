"""The events that are published about an order, on the topic `order_events`."""

from saga_schemas.order import (
    OrderAuthorized,
    OrderAuthorizedPayload,
    OrderCanceled,
    OrderCompleted,
    OrderCompletedPayload,
    OrderEndedPayload,
    OrderExpired,
    OrderNeedsAttention,
    OrderRefunded,
    OrderRefundedPayload,
    OrderRejected,
    OrderRejectedPayload,
)
from saga_schemas.values import Failure

from order_saga.create_order.state import OrderSaga

_NO_REASON = Failure(code="unknown", message="No reason was recorded.")


def order_authorized(saga: OrderSaga) -> OrderAuthorized:
    """Publish that the amount is held."""
    payload = OrderAuthorizedPayload(
        clerk_user_id=saga.clerk_user_id,
        order=saga.order,
        payment_intent_id=_payment_intent(saga),
        capture_before=saga.capture_before,
    )
    return OrderAuthorized(correlation_id=saga.id, payload=payload)


def order_paid(saga: OrderSaga) -> OrderCompleted | OrderRefunded:
    """Publish that the order is paid, or that a part of it was refunded."""
    return order_refunded(saga) if saga.refunded else _order_completed(saga)


def order_refunded(saga: OrderSaga) -> OrderRefunded:
    """Publish the amount refunded so far."""
    payload = OrderRefundedPayload(
        clerk_user_id=saga.clerk_user_id,
        order=saga.order,
        payment_intent_id=_payment_intent(saga),
        captured=saga.captured,
        refunded=saga.refunded,
    )
    return OrderRefunded(correlation_id=saga.id, payload=payload)


def order_rejected(saga: OrderSaga) -> OrderRejected:
    """Publish that nothing is held, and the reason."""
    payload = OrderRejectedPayload(
        clerk_user_id=saga.clerk_user_id, order=saga.order, reason=saga.reason or _NO_REASON
    )
    return OrderRejected(correlation_id=saga.id, payload=payload)


def order_canceled(saga: OrderSaga) -> OrderCanceled:
    """Publish that the order was canceled before anything was captured."""
    return OrderCanceled(correlation_id=saga.id, payload=_ended(saga))


def order_expired(saga: OrderSaga) -> OrderExpired:
    """Publish that the hold expired."""
    return OrderExpired(correlation_id=saga.id, payload=_ended(saga))


def order_needs_attention(saga: OrderSaga) -> OrderNeedsAttention:
    """Publish that an operator has to retry or resolve the order."""
    return OrderNeedsAttention(correlation_id=saga.id, payload=_ended(saga))


def _order_completed(saga: OrderSaga) -> OrderCompleted:
    payload = OrderCompletedPayload(
        clerk_user_id=saga.clerk_user_id,
        order=saga.order,
        payment_intent_id=_payment_intent(saga),
        captured=saga.captured,
    )
    return OrderCompleted(correlation_id=saga.id, payload=payload)


def _ended(saga: OrderSaga) -> OrderEndedPayload:
    return OrderEndedPayload(
        clerk_user_id=saga.clerk_user_id, order=saga.order, reason=saga.reason or _NO_REASON
    )


def _payment_intent(saga: OrderSaga) -> str:
    assert saga.payment_intent_id  # noqa: S101 - only a message that carries it leads here
    return saga.payment_intent_id
