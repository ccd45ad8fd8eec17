"""What the steps of the Create Order saga remember of what they hear."""

from saga_schemas.payment import (
    PaymentAuthorized,
    PaymentFailed,
)
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
from saga_schemas.user import (
    PaymentInfoFailed,
    PaymentInfoRetrieved,
)
from saga_schemas.values import Failure

from order_saga.domain import (
    Asked,
    CancelRequested,
    CaptureRequested,
    OrderSaga,
    RefundRequested,
    ResolveRequested,
    RetryRequested,
    State,
)


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


def remember_reason(
    saga: OrderSaga,
    reply: PaymentInfoFailed
    | PaymentFailed
    | PaymentCaptureFailed
    | PaymentCancelFailed
    | PaymentRefundFailed,
) -> OrderSaga:
    """Keep why a participant could not do its part."""
    return saga.but(reason=Failure.model_validate(reply.payload.model_dump()))


def remember_capture_request(saga: OrderSaga, request: CaptureRequested) -> OrderSaga:
    """Keep how much is to be taken; all of it where nothing is said."""
    amount = request.payload.amount or saga.order.amount
    return saga.but(asked=Asked(str(request.message_id), amount), reason=None)


def remember_refund_request(saga: OrderSaga, request: RefundRequested) -> OrderSaga:
    """Keep how much is to be given back; all that is left where nothing is said."""
    amount = request.payload.amount or saga.captured - saga.refunded
    return saga.but(asked=Asked(str(request.message_id), amount), reason=None)


def remember_full_refund(saga: OrderSaga, request: CancelRequested) -> OrderSaga:
    """Keep that all that is left is to be given back."""
    asked = Asked(str(request.message_id), saga.captured - saga.refunded)
    return remember_request(saga, request).but(asked=asked)


def remember_request(saga: OrderSaga, request: CancelRequested) -> OrderSaga:
    """Keep who called the order off, and why."""
    return saga.but(reason=_asked_for("canceled", "Canceled", request))


def remember_operator(saga: OrderSaga, request: RetryRequested | ResolveRequested) -> OrderSaga:
    """Keep who took over, and why; that it is tried again is no reason for how it ends."""
    if isinstance(request, RetryRequested):
        return saga
    return saga.but(reason=_asked_for("resolved", "Resolved", request))


def remember_capture(saga: OrderSaga, reply: PaymentCaptured) -> OrderSaga:
    """Keep what was taken, and why it is not what was asked for, where it is not."""
    amount, reason = reply.payload.amount, None
    if saga.asked and saga.asked.amount != amount:
        wanted = f"{saga.asked.amount} was to be captured, and {amount} was captured at Stripe."
        reason = Failure(code="captured_otherwise", message=wanted)
    payment_intent_id = reply.payload.payment_intent_id
    return saga.but(captured=amount, payment_intent_id=payment_intent_id, reason=reason)


def remember_refund(saga: OrderSaga, reply: PaymentRefunded) -> OrderSaga:
    """Keep what was given back, also where it is heard of before the capture is."""
    refund = reply.payload
    as_asked = saga.asked and saga.asked.id == refund.refund_id
    silent = saga.reason and saga.reason.code == f"{State.REFUNDING}_timeout"
    return saga.but(
        refunds={**saga.refunds, refund.stripe_refund_id: refund.amount},
        reason=None if as_asked and silent else saga.reason,
    )


def forget_refund(saga: OrderSaga, reply: PaymentRefundFailed) -> OrderSaga:
    """Count a refund for nothing that was made and has failed since, however late it is told."""
    return saga.but(refunds={**saga.refunds, reply.payload.stripe_refund_id: 0})


def remember_lost_refund(saga: OrderSaga, reply: PaymentRefundFailed) -> OrderSaga:
    """Likewise, and keep why: somebody has to give the money back in another way."""
    return remember_reason(forget_refund(saga, reply), reply)


def remember_dispute(saga: OrderSaga, reply: PaymentDisputed) -> OrderSaga:
    """Keep that the cardholder's bank wants money back."""
    return saga.but(disputed=bool(reply.payload.dispute_id))


def remember_expiry(saga: OrderSaga, _: PaymentAuthorizationExpired) -> OrderSaga:
    """Keep that the hold ended by itself."""
    return saga.but(
        reason=Failure(
            code="authorization_expired",
            message="The hold ended before it was captured.",
            cure="Place the order again, and capture it before capture_before.",
        )
    )


def remember_cancellation(saga: OrderSaga, _: PaymentCanceled) -> OrderSaga:
    """Keep that the hold was released at Stripe, by nobody here."""
    released = Failure(code="payment_canceled", message="The hold was released at Stripe.")
    return saga.but(reason=released)


def remember_release(
    saga: OrderSaga, reply: PaymentCanceled | PaymentAuthorizationExpired
) -> OrderSaga:
    """Keep which PaymentIntent was released; why the order ends was said before.

    What was to be done about the hold, while it was not released, is not to be done any more.
    """
    released = saga.but(payment_intent_id=reply.payload.payment_intent_id or saga.payment_intent_id)
    if saga.reason is None or State.NEEDS_ATTENTION not in saga.attempts:
        return released
    return released.but(reason=saga.reason.model_copy(update={"cure": ""}))


def remember_trouble(saga: OrderSaga, reply: PaymentCancelFailed) -> OrderSaga:
    """Keep what is to be done about the hold; why the order was to end stays the reason."""
    return _in_trouble(saga, f"The hold was not released: {reply.payload.message}")


def remember_capture_in_vain(saga: OrderSaga, reply: PaymentCaptured) -> OrderSaga:
    """Keep what was taken of an order that was to end: a person has to decide."""
    return _in_trouble(
        remember_capture(saga, reply).but(reason=saga.reason),
        "The payment was captured meanwhile: resolve the order as completed, then refund it.",
    )


def release_unknown(saga: OrderSaga) -> OrderSaga:
    """Keep that nobody said whether the hold was released, likewise."""
    return _in_trouble(
        saga,
        "The payment service did not say in time that the hold is released. "
        "Check that it runs and keeps up, and that Stripe answers, then retry.",
    )


def user_service_silent(saga: OrderSaga) -> OrderSaga:
    """Keep that nobody said who pays."""
    return saga.but(
        reason=Failure(
            code="payment_info_timeout",
            message="The user service did not answer in time.",
            cure="Check that the user service runs and keeps up, then place the order again.",
        )
    )


def payment_service_silent(saga: OrderSaga) -> OrderSaga:
    """Keep which step the payment service did not answer."""
    return saga.but(
        reason=Failure(
            code=f"{saga.state}_timeout",
            message=f"The payment service did not answer in time while {saga.state}.",
            cure="Check that the payment service runs and keeps up, and that Stripe answers.",
        )
    )


def _in_trouble(saga: OrderSaga, cure: str) -> OrderSaga:
    reason = saga.reason or Failure(code="unknown", message="Nobody said why it was to end.")
    return saga.but(reason=reason.model_copy(update={"cure": cure[:5_000]}))


def _asked_for(code: str, verb: str, request: CancelRequested | ResolveRequested) -> Failure:
    who, note = request.payload.by, request.payload.note
    return Failure(code=code, message=f"{verb} by {who}" + (f": {note}" if note else "."))
