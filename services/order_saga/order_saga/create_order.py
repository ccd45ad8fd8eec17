"""The Create Order saga, on one page: each step, its command, its replies, its time, its undo.

What a step asks for is in `order_commands`, what does not count in `order_refusals`, what it
remembers in `order_steps`, what Stripe may tell at any time in `stripes_voice`, what the world
hears in `announcements`; `saga.decide` interprets this; `docs/saga.md` draws it.
"""

from functools import partial

from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.payment_lifecycle import (
    PaymentAuthorizationExpired,
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentCaptureFailed,
    PaymentRefundFailed,
)
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved

from order_saga import announcements as tell
from order_saga import order_commands as ask
from order_saga import order_refusals as refuse
from order_saga import order_steps as do
from order_saga import stripes_voice as hear
from order_saga.definition import (
    Compensate,
    Definition,
    Either,
    End,
    Kind,
    Move,
    Node,
    On,
    OnTimeout,
    Parked,
    Rest,
    Step,
)
from order_saga.domain import (
    CancelRequested,
    CaptureRequested,
    RefundRequested,
    ResolveRequested,
    RetryRequested,
    State,
)
from order_saga.soundness import sound
from order_saga.step_times import StepTimes

_CANCELED = Compensate(State.CANCELED)
_REJECTED = Compensate(State.REJECTED)
_REFUSED = Compensate(State.REJECTED, in_vain=True)
_PAID = Either(refuse.all_is_refunded, State.REFUNDED, State.COMPLETED)
_HAPPENED_TO_THE_HOLD = (
    On(PaymentAuthorizationExpired, do.remember_expiry, then=State.EXPIRED),
    On(PaymentCanceled, do.remember_cancellation, then=State.CANCELED),
    On(PaymentCaptured, do.remember_capture, then=_PAID),
    *hear.EARLY,
)
# Nothing is held any more, or what was held is paid.
_SETTLED = (PaymentCaptured, PaymentCanceled, PaymentAuthorizationExpired)
_RESOLUTIONS = (State.REJECTED, State.CANCELED, State.EXPIRED, State.COMPLETED, State.REFUNDED)


def create_order(times: StepTimes) -> Definition:
    """The saga's declaration. It is data; `saga.decide` is its only interpreter."""
    settlement = partial(
        Step,
        timeout_seconds=times.settlement_seconds,
        tries=times.settlement_tries,
        back_off=times.back_off,
        on_timeout=OnTimeout(do.payment_service_silent, then=Move.PARK),
    )
    nodes: dict[State, Node] = {
        State.RETRIEVING_PAYMENT_INFO: Step(
            Kind.COMPENSATABLE,
            command=ask.retrieve_payment_info,
            on=(
                On(
                    PaymentInfoRetrieved,
                    do.remember_customer,
                    then=State.AUTHORIZING,
                    unless=refuse.another_user,
                ),
                On(PaymentInfoFailed, do.remember_reason, then=_REJECTED),
                On(CancelRequested, do.remember_request, then=_CANCELED),
            ),
            timeout_seconds=times.payment_info_seconds,
            tries=times.payment_info_tries,
            on_timeout=OnTimeout(do.user_service_silent, then=_REJECTED),
            nothing_to_undo=True,
        ),
        State.AUTHORIZING: Step(
            Kind.COMPENSATABLE,
            command=ask.authorize_payment,
            on=(
                On(
                    PaymentAuthorized,
                    do.remember_hold,
                    then=State.AUTHORIZED,
                    unless=refuse.another_amount,
                ),
                On(PaymentFailed, do.remember_refusal, then=_REFUSED),
                On(CancelRequested, do.remember_request, then=_CANCELED),
                *_HAPPENED_TO_THE_HOLD,
            ),
            timeout_seconds=times.authorization_seconds,
            on_timeout=OnTimeout(do.payment_service_silent, then=_REJECTED),
            undo=State.CANCELING,
        ),
        State.AUTHORIZED: Rest(
            announce=tell.order_authorized,
            on=(
                On(
                    CaptureRequested,
                    do.remember_capture_request,
                    then=State.CAPTURING,
                    unless=refuse.more_than_is_held,
                ),
                On(CancelRequested, do.remember_request, then=_CANCELED),
                *_HAPPENED_TO_THE_HOLD,
            ),
        ),
        State.CAPTURING: settlement(
            Kind.PIVOT,
            command=ask.capture_payment,
            on=(
                *_HAPPENED_TO_THE_HOLD,
                On(PaymentCaptureFailed, do.remember_reason, then=State.AUTHORIZED, quietly=True),
            ),
        ),
        State.COMPLETED: Rest(
            announce=tell.order_paid,
            on=(
                On(
                    RefundRequested,
                    do.remember_refund_request,
                    then=State.REFUNDING,
                    unless=refuse.more_than_is_left,
                ),
                On(
                    CancelRequested,
                    do.remember_full_refund,
                    then=State.REFUNDING,
                    unless=refuse.nothing_is_left,
                ),
                hear.refund(then=_PAID),
                hear.lost_refund(then=State.COMPLETED),
                hear.DISPUTE,
            ),
        ),
        State.REFUNDING: settlement(
            Kind.RETRIABLE,
            command=ask.refund_payment,
            on=(
                hear.refund(then=_PAID, unless=refuse.another_refund),
                hear.refund(then=Move.STAY, tell=tell.order_refunded),
                hear.LOST_QUIETLY,
                hear.DISPUTE,
                On(
                    PaymentRefundFailed,
                    do.remember_reason,
                    then=State.REFUNDED,
                    unless=refuse.something_is_left,
                ),
                On(PaymentRefundFailed, do.remember_reason, then=State.COMPLETED, quietly=True),
            ),
        ),
        State.CANCELING: settlement(
            Kind.RETRIABLE,
            command=ask.cancel_payment,
            on=(
                On(PaymentCanceled, do.remember_release, then=Move.UNDONE),
                On(PaymentAuthorizationExpired, do.remember_release, then=Move.UNDONE),
                On(
                    PaymentCancelFailed,
                    do.remember_trouble,
                    then=Move.PARK,
                    unless=refuse.captured_before,
                ),
                *hear.OVER,
            ),
            on_timeout=OnTimeout(do.release_unknown, then=Move.PARK),
        ),
        State.NEEDS_ATTENTION: Parked(
            announce=tell.order_needs_attention,
            retry=RetryRequested,
            resolve=ResolveRequested,
            resolutions=_RESOLUTIONS,
            remember=do.remember_operator,
            unless=refuse.not_what_is_known,
        ),
        State.REJECTED: End(tell.order_rejected, on=hear.OVER),
        State.CANCELED: End(tell.order_canceled, on=hear.OVER),
        State.EXPIRED: End(tell.order_expired, on=hear.OVER),
        State.REFUNDED: End(
            tell.order_refunded,
            on=(hear.refund(then=Move.STAY), hear.lost_refund(then=_PAID), hear.DISPUTE),
        ),
    }
    start = State.RETRIEVING_PAYMENT_INFO
    return sound(Definition(version=2, start=start, nodes=nodes, settled_by=_SETTLED))
