"""What the outside world hears of an order."""

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

from order_saga.domain import OrderSaga

_NOT_SAID = Failure(code="unknown", message="Nobody said why.")


def order_authorized(saga: OrderSaga) -> OrderAuthorized:
    """Announce the hold."""
    payload = OrderAuthorizedPayload(
        clerk_user_id=saga.clerk_user_id,
        order=saga.order,
        payment_intent_id=_payment_intent(saga),
        capture_before=saga.capture_before,
    )
    return OrderAuthorized(correlation_id=saga.id, payload=payload)


def order_paid(saga: OrderSaga) -> OrderCompleted | OrderRefunded:
    """Announce that the order is paid, or that a part of that was given back."""
    return order_refunded(saga) if saga.refunded else _order_completed(saga)


def order_refunded(saga: OrderSaga) -> OrderRefunded:
    """Announce what was given back so far."""
    payload = OrderRefundedPayload(
        clerk_user_id=saga.clerk_user_id,
        order=saga.order,
        payment_intent_id=_payment_intent(saga),
        captured=saga.captured,
        refunded=saga.refunded,
    )
    return OrderRefunded(correlation_id=saga.id, payload=payload)


def order_rejected(saga: OrderSaga) -> OrderRejected:
    """Announce that nothing is held, and why."""
    payload = OrderRejectedPayload(
        clerk_user_id=saga.clerk_user_id, order=saga.order, reason=saga.reason or _NOT_SAID
    )
    return OrderRejected(correlation_id=saga.id, payload=payload)


def order_canceled(saga: OrderSaga) -> OrderCanceled:
    """Announce that it was called off before anything was captured."""
    return OrderCanceled(correlation_id=saga.id, payload=_ended(saga))


def order_expired(saga: OrderSaga) -> OrderExpired:
    """Announce that the hold ended by itself."""
    return OrderExpired(correlation_id=saga.id, payload=_ended(saga))


def order_needs_attention(saga: OrderSaga) -> OrderNeedsAttention:
    """Announce that a person has to take over."""
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
        clerk_user_id=saga.clerk_user_id, order=saga.order, reason=saga.reason or _NOT_SAID
    )


def _payment_intent(saga: OrderSaga) -> str:
    assert saga.payment_intent_id  # noqa: S101 - only a message that brings it leads here
    return saga.payment_intent_id
