"""The facts that an order's saga keeps of a message or a time-out; each returns the next saga."""

from dataclasses import replace
from typing import Final

from saga_engine.messages import ResolveRequested, RetryRequested
from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.payment_lifecycle import (
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentDisputed,
    PaymentRefunded,
    PaymentRefundFailed,
)
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved
from saga_schemas.values import Failure

from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import OrderSaga, PendingRequest, State

DISPUTE_LOST: Final = Failure(
    code="dispute_lost",
    message="Dispute lost: the cardholder's bank has taken the disputed amount back.",
    cure="Nothing is left to refund for this amount; see the dispute in the Stripe Dashboard.",
)


def customer(saga: OrderSaga, reply: PaymentInfoRetrieved) -> OrderSaga:
    """Keep the customer. The amount held is the one that was ordered, not the one in the reply."""
    return replace(saga, customer=reply.payload.customer)


def hold(saga: OrderSaga, reply: PaymentAuthorized) -> OrderSaga:
    """Keep the PaymentIntent that holds the amount, and when the hold expires."""
    return replace(
        saga,
        payment_intent_id=reply.payload.payment_intent_id,
        capture_before=reply.payload.capture_before,
    )


def decline(saga: OrderSaga, reply: PaymentFailed) -> OrderSaga:
    """Keep the reason of the decline, and the PaymentIntent that was created before it."""
    intent = reply.payload.payment_intent_id
    return replace(saga, reason=_failure(reply), payment_intent_id=intent)


def failure(
    saga: OrderSaga, reply: PaymentInfoFailed | PaymentCaptureFailed | PaymentRefundFailed
) -> OrderSaga:
    """Keep the reason for which a participant refused the command."""
    return replace(saga, reason=_failure(reply))


def capture_request(saga: OrderSaga, request: CaptureRequested) -> OrderSaga:
    """Keep the amount to capture; by default the full amount held."""
    amount = request.payload.amount or saga.order.amount
    return replace(saga, pending=PendingRequest(str(request.message_id), amount), reason=None)


def refund_request(saga: OrderSaga, request: RefundRequested) -> OrderSaga:
    """Keep the amount to refund; by default all that is left of what was captured."""
    amount = request.payload.amount or saga.captured - saga.refunded
    return replace(saga, pending=PendingRequest(str(request.message_id), amount), reason=None)


def full_refund_request(saga: OrderSaga, request: CancelRequested) -> OrderSaga:
    """Keep that all that is left of what was captured is to be refunded, and who requested it."""
    pending = PendingRequest(str(request.message_id), saga.captured - saga.refunded)
    return replace(cancel_request(saga, request), pending=pending)


def cancel_request(saga: OrderSaga, request: CancelRequested) -> OrderSaga:
    """Keep who canceled the order, and the reason."""
    return replace(saga, reason=_requested("canceled", "Canceled", request))


def operator(saga: OrderSaga, request: RetryRequested | ResolveRequested) -> OrderSaga:
    """Keep who resolved the order, and the reason; a retry does not change the reason."""
    if isinstance(request, RetryRequested):
        return saga
    return replace(saga, reason=_requested("resolved", "Resolved", request))


def capture(saga: OrderSaga, reply: PaymentCaptured) -> OrderSaga:
    """Keep the amount captured, and a reason if it is not the amount that was requested."""
    amount, reason = reply.payload.amount, None
    if saga.pending and saga.pending.amount != amount:
        message = f"Captured {amount} at Stripe instead of the requested {saga.pending.amount}."
        reason = Failure(code="captured_otherwise", message=message)
    intent = reply.payload.payment_intent_id
    return replace(saga, captured=amount, payment_intent_id=intent, reason=reason)


def capture_meanwhile(saga: OrderSaga, reply: PaymentCaptured) -> OrderSaga:
    """Keep the amount captured for an order that was being ended: an operator has to decide."""
    captured = replace(capture(saga, reply), reason=saga.reason)
    cure = (
        "The payment was captured in the meantime: resolve the order as completed, then refund it."
    )
    return _with_cure(captured, cure)


def refund(saga: OrderSaga, reply: PaymentRefunded) -> OrderSaga:
    """Keep the amount refunded, also if the capture is not known yet.

    A reply to a refund that timed out removes the time-out as the reason.
    """
    refunded = reply.payload
    as_requested = saga.pending and saga.pending.id == refunded.refund_id
    timed_out = saga.reason and saga.reason.code == f"{State.REFUNDING}_timeout"
    return replace(
        saga,
        refunds={**saga.refunds, refunded.stripe_refund_id: refunded.amount},
        reason=None if as_requested and timed_out else saga.reason,
    )


def failed_refund(saga: OrderSaga, reply: PaymentRefundFailed) -> OrderSaga:
    """Count a refund that failed later as 0."""
    return replace(saga, refunds={**saga.refunds, str(reply.payload.stripe_refund_id): 0})


def failed_refund_with_reason(saga: OrderSaga, reply: PaymentRefundFailed) -> OrderSaga:
    """Count a refund that failed later as 0, and keep the reason: it has to be paid differently."""
    return replace(failed_refund(saga, reply), reason=_failure(reply))


def dispute(saga: OrderSaga, reply: PaymentDisputed) -> OrderSaga:
    """Keep that the cardholder's bank opened a dispute, or that it has ended.

    A lost dispute is kept as the reason: the bank has taken the money back.
    """
    dispute = reply.payload
    reason = DISPUTE_LOST if dispute.outcome == "lost" else saga.reason
    return replace(saga, disputed=dispute.outcome is None, reason=reason)


def expiry(saga: OrderSaga, _: PaymentAuthorizationExpired) -> OrderSaga:
    """Keep that the hold expired."""
    expired = Failure(
        code="authorization_expired",
        message="The hold expired before it was captured.",
        cure="Place the order again, and capture it before `capture_before`.",
    )
    return replace(saga, reason=expired)


def cancellation(saga: OrderSaga, _: PaymentCanceled) -> OrderSaga:
    """Keep that the hold was released at Stripe without a command."""
    released = Failure(code="payment_canceled", message="The hold was released at Stripe.")
    return replace(saga, reason=released)


def release(saga: OrderSaga, reply: PaymentCanceled | PaymentAuthorizationExpired) -> OrderSaga:
    """Keep the PaymentIntent that was released.

    The reason of the order's end stays; if the order needed attention, its cure is removed.
    """
    intent = reply.payload.payment_intent_id or saga.payment_intent_id
    released = replace(saga, payment_intent_id=intent)
    if saga.reason is None or State.NEEDS_ATTENTION not in saga.attempts:
        return released
    return replace(released, reason=saga.reason.model_copy(update={"cure": ""}))


def cancel_failure(saga: OrderSaga, reply: PaymentCancelFailed) -> OrderSaga:
    """Keep the cure for a hold that was not released; the reason of the order's end stays."""
    return _with_cure(saga, f"The hold was not released: {reply.payload.message}")


def release_unknown(saga: OrderSaga) -> OrderSaga:
    """Keep the cure for a hold that may or may not have been released."""
    return _with_cure(
        saga,
        "The payment service did not confirm in time that the hold is released. "
        "Check that it is running without lag and that Stripe responds, then retry.",
    )


def user_service_timeout(saga: OrderSaga) -> OrderSaga:
    """Keep that the user service did not respond in time."""
    timed_out = Failure(
        code="payment_info_timeout",
        message="The user service did not respond in time.",
        cure="Check that the user service is running without lag, then place the order again.",
    )
    return replace(saga, reason=timed_out)


def payment_service_timeout(saga: OrderSaga) -> OrderSaga:
    """Keep that the payment service did not respond in time, and in which state."""
    timed_out = Failure(
        code=f"{saga.state}_timeout",
        message=f"The payment service did not respond in time while {saga.state}.",
        cure="Check that the payment service is running without lag and that Stripe responds.",
    )
    return replace(saga, reason=timed_out)


def _failure(
    reply: PaymentInfoFailed | PaymentFailed | PaymentCaptureFailed | PaymentRefundFailed,
) -> Failure:
    return Failure.model_validate(reply.payload.model_dump())


def _with_cure(saga: OrderSaga, cure: str) -> OrderSaga:
    reason = saga.reason or Failure(code="unknown", message="No reason was recorded.")
    return replace(saga, reason=reason.model_copy(update={"cure": cure[:5_000]}))


def _requested(code: str, verb: str, request: CancelRequested | ResolveRequested) -> Failure:
    by, note = request.payload.by, request.payload.note
    return Failure(code=code, message=f"{verb} by {by}" + (f": {note}" if note else "."))
