"""The Create Order saga: hold the order's amount, then capture, cancel or refund it.

A step sends a command and waits for its reply; a rest waits for a request; an end is final. `keep`
says what a message leaves in the saga, `guards` why one is refused, `events` what is published.
"""

from saga_engine.declaration import Definition
from saga_engine.words import (
    NEXT_COMPENSATION,
    PARK,
    STAY,
    compensate,
    either,
    end,
    on,
    parked,
    pivot,
    query,
    rest,
    retriable,
    saga,
    step,
)
from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.payment_lifecycle import (
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentRefundFailed,
)
from saga_schemas.replies import REPLIES
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved

from order_saga.create_order import commands, events, guards, keep
from order_saga.create_order import stripe_events as stripe
from order_saga.create_order.messages import CancelRequested, CaptureRequested, RefundRequested
from order_saga.create_order.state import State
from order_saga.create_order.timeouts import Timeouts

S = State
CANCEL, REJECT, EXPIRE = compensate(S.CANCELED), compensate(S.REJECTED), compensate(S.EXPIRED)
PAID = either(guards.fully_refunded, S.REFUNDED, S.COMPLETED)
HOLD_ENDED = (
    on(PaymentAuthorizationExpired, keep.expiry, EXPIRE, settles=S.CANCELING),
    on(PaymentCanceled, keep.cancellation, CANCEL, settles=S.CANCELING),
    on(PaymentCaptured, keep.capture, PAID, commits=True),
    *stripe.OUT_OF_ORDER,
)


def create_order(timeouts: Timeouts) -> Definition:
    """Return the declaration, with these time-outs."""
    return saga(
        2,
        REPLIES,
        # Retrieve the Stripe customer and the card to charge.
        query(S.RETRIEVING_PAYMENT_INFO, commands.retrieve_payment_info, timeouts.payment_info)
        .on(PaymentInfoRetrieved, keep.customer, S.AUTHORIZING, unless=guards.other_user)
        .on(PaymentInfoFailed, keep.failure, REJECT)
        .on(CancelRequested, keep.cancel_request, CANCEL)
        .on_timeout(keep.user_service_timeout, REJECT),
        # Hold the amount. The compensation is registered before the command is sent.
        step(S.AUTHORIZING, commands.authorize_payment, timeouts.authorization)
        .compensated_by(S.CANCELING)
        .on(PaymentAuthorized, keep.hold, S.AUTHORIZED, unless=guards.other_amount)
        .on(PaymentFailed, keep.decline, REJECT, settles=S.CANCELING)
        .on(CancelRequested, keep.cancel_request, CANCEL)
        .with_rules(*HOLD_ENDED)
        .on_timeout(keep.payment_service_timeout, REJECT),
        # Held: capture or cancel it, or it expires.
        rest(S.AUTHORIZED, events.order_authorized)
        .on(CaptureRequested, keep.capture_request, S.CAPTURING, unless=guards.more_than_held)
        .on(CancelRequested, keep.cancel_request, CANCEL)
        .with_rules(*HOLD_ENDED),
        # Once this succeeded, nothing is compensated; money is returned by a refund.
        pivot(S.CAPTURING, commands.capture_payment, timeouts.operation, commits=[S.CANCELING])
        .with_rules(*HOLD_ENDED)
        .on(PaymentCaptureFailed, keep.failure, S.AUTHORIZED, publish=False)
        .on_timeout(keep.payment_service_timeout, PARK)
        .on_resolve(settles=S.CANCELING),
        # Paid, in whole or in part.
        rest(S.COMPLETED, events.order_paid)
        .on(RefundRequested, keep.refund_request, S.REFUNDING, unless=guards.more_than_left)
        .on(CancelRequested, keep.full_refund_request, S.REFUNDING, unless=guards.nothing_left)
        .with_rules(stripe.refunded(PAID), stripe.refund_failed_later(S.COMPLETED))
        .with_rules(stripe.DISPUTED),
        retriable(S.REFUNDING, commands.refund_payment, timeouts.operation)
        .with_rules(stripe.refunded(PAID, unless=guards.other_refund))
        .with_rules(stripe.refunded(STAY, publish=events.order_refunded))
        .with_rules(stripe.REFUND_FAILED_LATER, stripe.DISPUTED)
        .on(PaymentRefundFailed, keep.failure, S.REFUNDED, unless=guards.something_left)
        .on(PaymentRefundFailed, keep.failure, S.COMPLETED, publish=False)
        .on_timeout(keep.payment_service_timeout, PARK),
        # The compensation of AUTHORIZING.
        retriable(S.CANCELING, commands.cancel_payment, timeouts.operation)
        .on(PaymentCanceled, keep.release, NEXT_COMPENSATION)
        .on(PaymentAuthorizationExpired, keep.release, NEXT_COMPENSATION)
        .on(PaymentCancelFailed, keep.cancel_failure, PARK, unless=guards.already_captured)
        .with_rules(*stripe.AFTER_THE_END)
        .on_timeout(keep.release_unknown, PARK),
        # A step exhausted its tries: an operator retries or resolves it.
        parked(
            S.NEEDS_ATTENTION,
            events.order_needs_attention,
            keep.operator,
            resolutions=(S.REJECTED, S.CANCELED, S.EXPIRED),
            committed=(S.COMPLETED, S.REFUNDED),
            unless=guards.contradicts_stripe,
        ),
        # Final; only money that moved at Stripe is still counted.
        end(S.REJECTED, events.order_rejected).with_rules(*stripe.AFTER_THE_END),
        end(S.CANCELED, events.order_canceled).with_rules(*stripe.AFTER_THE_END),
        end(S.EXPIRED, events.order_expired).with_rules(*stripe.AFTER_THE_END),
        end(S.REFUNDED, events.order_refunded).with_rules(
            stripe.refunded(STAY), stripe.refund_failed_later(PAID), stripe.DISPUTED
        ),
        started_by="place_order",
    )
