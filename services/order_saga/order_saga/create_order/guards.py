"""Guards: each returns the reason to refuse a message, or None to accept it."""

from saga_engine.messages import ResolveRequested
from saga_schemas.payment import PaymentAuthorized
from saga_schemas.payment_lifecycle import (
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefundFailed,
)
from saga_schemas.user import PaymentInfoRetrieved

from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import OrderSaga, State


def other_user(saga: OrderSaga, reply: PaymentInfoRetrieved) -> str | None:
    """Refuse the payment information of another user."""
    user = reply.payload.customer.clerk_user_id
    return None if user == saga.clerk_user_id else f"the reply is for user {user}"


def other_amount(saga: OrderSaga, reply: PaymentAuthorized) -> str | None:
    """Refuse a hold of another amount or currency; it is released after the time-out."""
    held, ordered = reply.payload, saga.order
    if (held.amount, held.currency) == (ordered.amount, ordered.currency):
        return None
    return f"{held.payment_intent_id} holds {held.amount} {held.currency}"


def already_counted(saga: OrderSaga, reply: PaymentRefunded) -> str | None:
    """Refuse a refund that is already counted; Stripe's id identifies it."""
    refund = reply.payload.stripe_refund_id
    return f"refund {refund} is already counted" if refund in saga.refunds else None


def other_refund(saga: OrderSaga, reply: PaymentRefunded) -> str | None:
    """Refuse a refund that is not the one in flight, or is already counted."""
    if saga.pending and reply.payload.refund_id == saga.pending.id:
        return already_counted(saga, reply)
    return f"refund {reply.payload.stripe_refund_id} is not the one in flight"


def no_refund_that_was_made(saga: OrderSaga, reply: PaymentRefundFailed) -> str | None:
    """Refuse the failure of a refund that was never made, or is already counted as failed."""
    refund = reply.payload.stripe_refund_id
    if reply.payload.attempt is not None or refund is None:
        return "not about a refund that was made"
    return f"refund {refund} has already failed" if saga.refunds.get(refund) == 0 else None


def already_captured(saga: OrderSaga, _: PaymentCaptured | PaymentCancelFailed) -> str | None:
    """Refuse a capture that is already known: an operator has to decide."""
    return f"the capture of {saga.captured} is already known" if saga.captured else None


def more_than_held(saga: OrderSaga, request: CaptureRequested) -> str | None:
    """Refuse a capture of more than the order's amount."""
    amount, held = request.payload.amount, saga.order.amount
    return None if amount is None or amount <= held else f"amount: {amount} exceeds the {held} held"


def more_than_left(saga: OrderSaga, request: RefundRequested) -> str | None:
    """Refuse a refund of more than what was captured and not refunded."""
    amount, left = request.payload.amount, saga.captured - saga.refunded
    if left <= 0:
        return nothing_left(saga, request)
    if amount is None or amount <= left:
        return None
    return f"amount: {amount} exceeds the {left} left to refund"


def nothing_left(saga: OrderSaga, _: RefundRequested | CancelRequested) -> str | None:
    """Refuse a refund once everything was refunded."""
    return f"all of the {saga.captured} captured was refunded" if fully_refunded(saga) else None


def something_left(saga: OrderSaga, _: PaymentRefundFailed) -> str | None:
    """Refuse unless everything was refunded."""
    return None if fully_refunded(saga) else f"{saga.captured - saga.refunded} is left to refund"


def contradicts_stripe(saga: OrderSaga, request: ResolveRequested) -> str | None:
    """Refuse a resolution that contradicts what Stripe reported about the money."""
    resolution = request.payload.resolution
    paid = resolution in {State.COMPLETED, State.REFUNDED}
    if paid is bool(saga.captured):
        return None
    if paid:
        return f"as: nothing was captured, so the order cannot be {resolution}"
    return f"as: {saga.captured} was captured, so the order cannot be {resolution}"


def fully_refunded(saga: OrderSaga) -> bool:
    """Return whether all that was captured was refunded, as Stripe reported it."""
    return sum(saga.refunds.values()) >= saga.captured
