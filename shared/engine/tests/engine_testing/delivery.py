"""An order with three compensatable steps, a pivot and a retriable step."""

from enum import StrEnum
from typing import Any, Final

from saga_engine.declaration import Definition
from saga_engine.rules import Timeout
from saga_engine.state import SagaState
from saga_engine.words import (
    NEXT_COMPENSATION,
    PARK,
    compensate,
    end,
    on,
    parked,
    pivot,
    rest,
    retriable,
    saga,
    step,
)

from engine_testing.messages import keep, message, sends

ReserveItems, ItemsReserved, ItemsUnavailable = map(
    message, ("reserve_items", "items.reserved", "items.unavailable")
)
ReleaseItems, ItemsReleased, ReleaseFailed = map(
    message, ("release_items", "items.released", "items.release_failed")
)
BookCourier, CourierBooked, NoCourier = map(
    message, ("book_courier", "courier.booked", "courier.unavailable")
)
DismissCourier, CourierDismissed, DismissFailed = map(
    message, ("dismiss_courier", "courier.dismissed", "courier.dismiss_failed")
)
Authorize, Authorized, Declined = map(
    message, ("authorize_payment", "payment.authorized", "payment.failed")
)
CancelPayment, PaymentCanceled, CancelFailed = map(
    message, ("cancel_payment", "payment.canceled", "payment.cancel_failed")
)
Capture, Captured, CaptureFailed = map(
    message, ("capture_payment", "payment.captured", "payment.capture_failed")
)
SendReceipt, ReceiptSent = map(message, ("send_receipt", "receipt.sent"))
HoldExpired = message("payment.authorization_expired")
CourierLost = message("courier.lost")
CaptureRequested, CancelRequested = map(message, ("capture_requested", "cancel_requested"))
Event = message("order.event")

REPLIES: Final = {
    ReserveItems: (ItemsReserved, ItemsUnavailable),
    ReleaseItems: (ItemsReleased, ReleaseFailed),
    BookCourier: (CourierBooked, NoCourier),
    DismissCourier: (CourierDismissed, DismissFailed),
    Authorize: (Authorized, Declined),
    CancelPayment: (PaymentCanceled, CancelFailed),
    Capture: (Captured, CaptureFailed, PaymentCanceled, HoldExpired),
    SendReceipt: (ReceiptSent,),
}


class State(StrEnum):
    """The states of the delivery."""

    RESERVING = "reserving"
    BOOKING = "booking"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    CAPTURING = "capturing"
    SENDING_RECEIPT = "sending_receipt"
    COMPLETED = "completed"
    RELEASING = "releasing"
    DISMISSING = "dismissing"
    CANCELING = "canceling"
    NEEDS_ATTENTION = "needs_attention"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"


S = State
CANCEL, REJECT, EXPIRE = compensate(S.CANCELED), compensate(S.REJECTED), compensate(S.EXPIRED)
ONCE, TWICE = Timeout(10), Timeout(10, tries=2)
ALL = (S.RELEASING, S.DISMISSING, S.CANCELING)
HOLD_ENDED = (
    on(HoldExpired, keep, EXPIRE, settles=S.CANCELING),
    on(PaymentCanceled, keep, CANCEL, settles=S.CANCELING),
    on(Captured, keep, S.SENDING_RECEIPT, commits=True),
)
announce = sends(Event)


def contradicts_what_was_paid(order: SagaState, request: Any) -> str | None:
    """Refuse a success that was never captured, and a failure of what was."""
    success = request.payload.resolution == S.COMPLETED
    if success and S.CAPTURING not in order.attempts:
        return "as: nothing was captured"
    if not success and S.SENDING_RECEIPT in order.attempts:
        return "as: the payment was captured"
    return None


def delivery() -> Definition:
    """Declare it in the natural way: three steps, each with its compensation, then the pivot."""
    return saga(
        1,
        REPLIES,
        step(S.RESERVING, sends(ReserveItems), TWICE)
        .compensated_by(S.RELEASING)
        .on(ItemsReserved, keep, S.BOOKING)
        .on(ItemsUnavailable, keep, REJECT, settles=S.RELEASING)
        .on(CancelRequested, keep, CANCEL)
        .on_timeout(keep, REJECT),
        step(S.BOOKING, sends(BookCourier), ONCE)
        .compensated_by(S.DISMISSING)
        .on(CourierBooked, keep, S.AUTHORIZING)
        .on(NoCourier, keep, REJECT, settles=S.DISMISSING)
        .on(CancelRequested, keep, CANCEL)
        .on_timeout(keep, REJECT),
        step(S.AUTHORIZING, sends(Authorize), ONCE)
        .compensated_by(S.CANCELING)
        .on(Authorized, keep, S.AUTHORIZED)
        .on(Declined, keep, REJECT, settles=S.CANCELING)
        .on(CancelRequested, keep, CANCEL)
        .with_rules(*HOLD_ENDED)
        .on_timeout(keep, REJECT),
        rest(S.AUTHORIZED, announce)
        .on(CaptureRequested, keep, S.CAPTURING)
        .on(CancelRequested, keep, CANCEL)
        .on(CourierLost, keep, CANCEL, settles=S.DISMISSING)
        .with_rules(*HOLD_ENDED),
        pivot(S.CAPTURING, sends(Capture), TWICE, commits=ALL)
        .with_rules(*HOLD_ENDED)
        .on(CaptureFailed, keep, S.AUTHORIZED, publish=False)
        .on_timeout(keep, PARK)
        .on_resolve(settles=S.CANCELING),
        retriable(S.SENDING_RECEIPT, sends(SendReceipt), TWICE)
        .on(ReceiptSent, keep, S.COMPLETED)
        .on_timeout(keep, PARK),
        end(S.COMPLETED, announce),
        retriable(S.RELEASING, sends(ReleaseItems), TWICE)
        .on(ItemsReleased, keep, NEXT_COMPENSATION)
        .on(ReleaseFailed, keep, PARK)
        .on_timeout(keep, PARK),
        retriable(S.DISMISSING, sends(DismissCourier), TWICE)
        .on(CourierDismissed, keep, NEXT_COMPENSATION)
        .on(DismissFailed, keep, PARK)
        .on_timeout(keep, PARK),
        retriable(S.CANCELING, sends(CancelPayment), TWICE)
        .on(PaymentCanceled, keep, NEXT_COMPENSATION)
        .on(HoldExpired, keep, NEXT_COMPENSATION)
        .on(CancelFailed, keep, PARK)
        .on(Captured, keep, PARK)
        .on_timeout(keep, PARK),
        parked(
            S.NEEDS_ATTENTION,
            announce,
            keep,
            resolutions=(S.REJECTED, S.CANCELED, S.EXPIRED),
            committed=(S.COMPLETED,),
            unless=contradicts_what_was_paid,
        ),
        end(S.REJECTED, announce),
        end(S.CANCELED, announce),
        end(S.EXPIRED, announce),
    )
