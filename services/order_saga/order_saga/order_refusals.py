"""What does not count in the Create Order saga, and why: each is None, or a reason in words."""

from saga_schemas.payment import PaymentAuthorized
from saga_schemas.payment_lifecycle import (
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentRefunded,
    PaymentRefundFailed,
)
from saga_schemas.user import PaymentInfoRetrieved

from order_saga.domain import (
    CancelRequested,
    CaptureRequested,
    OrderSaga,
    RefundRequested,
    ResolveRequested,
    State,
)


def another_user(saga: OrderSaga, reply: PaymentInfoRetrieved) -> str | None:
    """Nobody pays for somebody else's order."""
    user = reply.payload.customer.clerk_user_id
    return None if user == saga.clerk_user_id else f"it is about user {user}"


def another_amount(saga: OrderSaga, reply: PaymentAuthorized) -> str | None:
    """A hold of another amount does not authorize the order; it is released after the time-out."""
    held, ordered = reply.payload, saga.order
    if (held.amount, held.currency) == (ordered.amount, ordered.currency):
        return None
    return f"it holds {held.amount} {held.currency} in {held.payment_intent_id}"


def counted_before(saga: OrderSaga, reply: PaymentRefunded) -> str | None:
    """A refund is one refund, however often and by whomever it is told."""
    refund = reply.payload.stripe_refund_id
    return f"{refund} was counted before" if refund in saga.refunds else None


def another_refund(saga: OrderSaga, reply: PaymentRefunded) -> str | None:
    """A refund that was made at Stripe by hand is not the one that was asked for."""
    if saga.asked and reply.payload.refund_id == saga.asked.id:
        return counted_before(saga, reply)
    return f"it is another refund, {reply.payload.stripe_refund_id}"


def not_lost(saga: OrderSaga, reply: PaymentRefundFailed) -> str | None:
    """Only a refund that was made can be lost; one that a command asked for in vain was not."""
    refund = reply.payload.stripe_refund_id
    if reply.payload.attempt is not None or refund is None:
        return "it is about no refund that was made"
    return f"{refund} was lost before" if saga.refunds.get(refund) == 0 else None


def captured_before(saga: OrderSaga, _: PaymentCaptured | PaymentCancelFailed) -> str | None:
    """That it was captured is known, and a person has to decide."""
    return f"{saga.captured} was captured, as is known" if saga.captured else None


def more_than_is_held(saga: OrderSaga, request: CaptureRequested) -> str | None:
    """At most the order's amount is captured."""
    amount, held = request.payload.amount, saga.order.amount
    return None if amount is None or amount <= held else f"amount: {amount}, and {held} is held"


def more_than_is_left(saga: OrderSaga, request: RefundRequested) -> str | None:
    """At most what was captured and not given back yet is refunded."""
    amount, left = request.payload.amount, saga.captured - saga.refunded
    if left <= 0:
        return nothing_is_left(saga, request)
    return None if amount is None or amount <= left else f"amount: {amount}, and {left} is left"


def nothing_is_left(saga: OrderSaga, _: RefundRequested | CancelRequested) -> str | None:
    """All of it was given back."""
    return f"all of {saga.captured} was given back" if all_is_refunded(saga) else None


def something_is_left(saga: OrderSaga, _: PaymentRefundFailed) -> str | None:
    """Not all was given back."""
    return None if all_is_refunded(saga) else f"{saga.captured - saga.refunded} is left"


def not_what_is_known(saga: OrderSaga, request: ResolveRequested) -> str | None:
    """What is known of the money bounds how an order can have ended."""
    resolution = request.payload.resolution
    paid = resolution in {State.COMPLETED, State.REFUNDED}
    if paid is bool(saga.captured):
        return None
    return f"as: {saga.captured} was captured, so it cannot have ended {resolution}"


def all_is_refunded(saga: OrderSaga) -> bool:
    """Whether nothing is left of what was captured, by what Stripe told."""
    return sum(saga.refunds.values()) >= saga.captured
