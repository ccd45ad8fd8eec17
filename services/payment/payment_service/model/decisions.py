"""The decision table: the effect of each command in each status of a payment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from payment_service.model import events
from payment_service.model.authorization import PaymentCanceledBefore
from payment_service.model.failures import authorization_failure
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from payment_service.model.stripe_results import Rejected


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state of the payment, the events to publish, and a short description."""

    payment: Payment
    send: Sequence[events.Event] = ()
    effect: str = ""


Rule: TypeAlias = Callable[[Payment, Operation], Decision]


def decide(payment: Payment, requested: Operation) -> Decision:
    """Decide a requested operation. Total over statuses, kinds and operations in progress.

    One operation at a time is in progress. A request for the same operation adopts it: the reply
    answers the newest command. Any other operation waits, except that a refresh yields to it.
    """
    running = payment.operation
    if requested.kind is OperationKind.AUTHORIZE:
        return _authorize_again(payment, requested)
    if running is None:
        return RULES[payment.status, requested.kind](payment, requested)
    if payment.is_unsent and requested.kind is OperationKind.CANCEL:
        return _cancel_before_any_request(payment, running, requested)
    if running.is_same_as(requested):
        is_refresh = requested.kind is OperationKind.REFRESH
        adopted = running if is_refresh else running.adopted_by(requested)
        return Decision(replace(payment, operation=adopted), effect="already in progress")
    if running.kind is OperationKind.REFRESH:
        return _before_the_refresh(payment, running, requested)
    return _wait(payment, requested)


def _wait(payment: Payment, requested: Operation) -> Decision:
    effect = f"waiting for {payment.operation.kind if payment.operation else 'its turn'}"
    adopted = [requested if other.is_same_as(requested) else other for other in payment.waiting]
    waiting = adopted if requested in adopted else [*adopted, requested]
    return Decision(replace(payment, waiting=tuple(waiting)), effect=effect)


def _before_the_refresh(payment: Payment, refresh: Operation, requested: Operation) -> Decision:
    rule = RULES[payment.status, requested.kind]
    decision = rule(replace(payment, operation=None), requested)
    if decision.payment.operation is None:
        return replace(decision, payment=replace(decision.payment, operation=refresh))
    return replace(decision, payment=_wait(decision.payment, refresh).payment)


def _cancel_before_any_request(
    payment: Payment, authorize: Operation, requested: Operation
) -> Decision:
    """Cancel a payment for which no request was sent; Stripe is not called.

    The executor sends a first request only after it has cleared `unsent` in a transaction, which
    fails once the operation has ended.
    """
    failure = authorization_failure(PaymentCanceledBefore(""))
    now = replace(payment, status=PaymentStatus.CANCELED, failure=failure, operation=None)
    now = replace(now, waiting=(), unsent=False)
    replies = [events.as_reply(authorize, events.failed(now, failure))]
    for other in (*payment.waiting, requested):
        replies += RULES[now.status, other.kind](now, other).send
    return Decision(now, replies, "canceled before any request")


def _authorize_again(payment: Payment, requested: Operation) -> Decision:
    if payment.status is PaymentStatus.PENDING and payment.operation:
        adopted = payment.operation.adopted_by(requested)
        now = replace(payment, operation=adopted, begin_within_seconds=None)
        return Decision(now, effect="already in progress")
    match payment.status:
        case PaymentStatus.AUTHORIZED | PaymentStatus.CAPTURED:
            return _reply(payment, requested, events.authorized(payment))
        case PaymentStatus.FAILED if payment.failure:
            return _reply(payment, requested, events.failed(payment, payment.failure))
        case _:
            detail = f"The payment is {payment.status}."
            failure = authorization_failure(PaymentCanceledBefore(detail))
            failure = failure.model_copy(update={"payment_intent_id": payment.payment_intent_id})
            return _reply(payment, requested, events.failed(payment, failure))


def _reply(payment: Payment, requested: Operation, event: events.Event) -> Decision:
    return Decision(payment, [events.as_reply(requested, event)], f"replied {event.type}")


def reject(payment: Payment, requested: Operation, rejection: Rejected) -> Decision:
    """Reply that the operation changed nothing."""
    event = events.rejected(payment.saga_id, requested, rejection, payment.payment_intent_id)
    return _reply(payment, requested, event)


def _begin(payment: Payment, requested: Operation) -> Decision:
    if requested.currency not in {"", payment.currency}:
        detail = f"currency: {requested.currency} differs from the payment's {payment.currency}."
        return reject(payment, requested, Rejected("invalid_request", detail))
    return Decision(payment.begin(requested), effect=f"{requested.kind} begun")


def _captured(payment: Payment, requested: Operation) -> Decision:
    if (requested.amount, requested.currency) == (payment.captured, payment.currency):
        return _reply(payment, requested, events.captured(payment))
    return _already_captured(payment, requested)


def _already_captured(payment: Payment, requested: Operation) -> Decision:
    detail = f"The captured amount is {payment.captured}."
    return reject(payment, requested, Rejected("already_captured", detail))


def _refund(payment: Payment, requested: Operation) -> Decision:
    refund = payment.refund(requested.refund_id)
    if refund is None:
        return _begin_refund(payment, requested)
    if refund.amount != requested.amount:
        detail = (
            f"amount: {requested.amount} differs from the {refund.amount} of the refund "
            "with this refund_id."
        )
        return reject(payment, requested, Rejected("invalid_request", detail))
    if refund.status is RefundStatus.REFUNDED:
        return _reply(payment, requested, events.refunded(payment, refund))
    if refund.failure:
        return _reply(payment, requested, events.refund_failed(payment.saga_id, refund.failure))
    return _begin(payment, requested)


def _begin_refund(payment: Payment, requested: Operation) -> Decision:
    decision = _begin(payment, requested)
    if decision.payment.operation is None:
        return decision
    refund = Refund(requested.refund_id, requested.amount)
    return replace(decision, payment=decision.payment.with_refund(refund))


def _canceled(payment: Payment, requested: Operation) -> Decision:
    return _reply(payment, requested, events.canceled(payment))


def _expired(payment: Payment, requested: Operation) -> Decision:
    return _reply(payment, requested, events.expired(payment))


def _no_change(payment: Payment, _: Operation) -> Decision:
    return Decision(payment, effect=f"no change: {payment.status}")


def _rejecting(rejection: Rejected) -> Rule:
    return lambda payment, requested: reject(payment, requested, rejection)


NO_PAYMENT: Final = Rejected("no_payment", "")
_no_payment = _rejecting(NO_PAYMENT)
_nothing_held = _rejecting(Rejected("nothing_held", "Nothing was captured."))
_not_captured = _rejecting(
    Rejected("invalid_request", "The payment is not captured; cancel it instead.")
)

RULES: Final[dict[tuple[PaymentStatus, OperationKind], Rule]] = {
    (PaymentStatus.PENDING, OperationKind.CAPTURE): _wait,
    (PaymentStatus.PENDING, OperationKind.CANCEL): _wait,
    (PaymentStatus.PENDING, OperationKind.REFUND): _wait,
    (PaymentStatus.PENDING, OperationKind.REFRESH): _wait,
    (PaymentStatus.AUTHORIZED, OperationKind.CAPTURE): _begin,
    (PaymentStatus.AUTHORIZED, OperationKind.CANCEL): _begin,
    (PaymentStatus.AUTHORIZED, OperationKind.REFUND): _not_captured,
    (PaymentStatus.AUTHORIZED, OperationKind.REFRESH): _begin,
    (PaymentStatus.CAPTURED, OperationKind.CAPTURE): _captured,
    (PaymentStatus.CAPTURED, OperationKind.CANCEL): _already_captured,
    (PaymentStatus.CAPTURED, OperationKind.REFUND): _refund,
    (PaymentStatus.CAPTURED, OperationKind.REFRESH): _begin,
    (PaymentStatus.CANCELED, OperationKind.CAPTURE): _canceled,
    (PaymentStatus.CANCELED, OperationKind.CANCEL): _canceled,
    (PaymentStatus.CANCELED, OperationKind.REFUND): _nothing_held,
    (PaymentStatus.CANCELED, OperationKind.REFRESH): _no_change,
    (PaymentStatus.EXPIRED, OperationKind.CAPTURE): _expired,
    (PaymentStatus.EXPIRED, OperationKind.CANCEL): _canceled,
    (PaymentStatus.EXPIRED, OperationKind.REFUND): _nothing_held,
    (PaymentStatus.EXPIRED, OperationKind.REFRESH): _no_change,
    (PaymentStatus.FAILED, OperationKind.CAPTURE): _no_payment,
    (PaymentStatus.FAILED, OperationKind.CANCEL): _canceled,
    (PaymentStatus.FAILED, OperationKind.REFUND): _no_payment,
    (PaymentStatus.FAILED, OperationKind.REFRESH): _no_change,
}
"""Rules for an idle payment. `authorize` has its own rule, the same in every status."""
