"""The end of an operation: the payment's new state, and the events to publish."""

from collections.abc import Sequence
from dataclasses import replace

from saga_schemas.payment import PaymentFailedPayload

from payment_service.model import events
from payment_service.model.authorization import AuthorizationResult, Authorized
from payment_service.model.decisions import RULES, Decision, decide, reject
from payment_service.model.observation import observe
from payment_service.model.operations import Operation, OperationKind
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from payment_service.model.stripe_results import (
    IntentSnapshot,
    NotFound,
    OperationResult,
    RefundSnapshot,
    Rejected,
)


def conclude(payment: Payment, result: OperationResult) -> Decision:
    """End the operation in progress, then decide the operations that waited for it.

    The newest command that requested the operation gets one reply. Other changes found at Stripe
    are published as unsolicited events, unless the reply reports the same.

    Raises:
        ValueError: No operation is in progress. This is a bug in the caller.
    """
    operation = payment.operation
    if operation is None:
        raise ValueError(f"{payment.saga_id}: no operation is in progress")
    return _decide_waiting(_end(replace(payment, operation=None), operation, result))


def _end(payment: Payment, operation: Operation, result: OperationResult) -> Decision:
    match result:
        case Authorized() | PaymentFailedPayload():
            return _authorized(payment, operation, result)
        case IntentSnapshot():
            return _observed(payment, operation, result)
        case RefundSnapshot():
            return _refunded(payment, operation, result)
        case NotFound():
            return Decision(payment)
        case Rejected():
            return _rejected(payment, operation, result)


def _authorized(payment: Payment, operation: Operation, result: AuthorizationResult) -> Decision:
    now = payment.with_authorization(result)
    held = isinstance(result, Authorized)
    event = events.authorized(now) if held else events.failed(now, result)
    return Decision(now, [events.as_reply(operation, event)])


def _observed(payment: Payment, operation: Operation, intent: IntentSnapshot) -> Decision:
    observation = observe(payment, intent)
    now = observation.payment
    if operation.kind is OperationKind.REFRESH:
        return Decision(
            now, [events.caused_by(operation, event) for event in observation.unsolicited]
        )
    if now.status is PaymentStatus.AUTHORIZED:
        detail = f"The PaymentIntent is {intent.status}."
        return _rejected(payment, operation, Rejected("stripe_unavailable", detail))
    reply = RULES[now.status, operation.kind](now, operation)
    replied = {event.type for event in reply.send}
    others = [event for event in observation.unsolicited if event.type not in replied]
    return Decision(reply.payment, [*others, *reply.send])


def _refunded(payment: Payment, operation: Operation, snapshot: RefundSnapshot) -> Decision:
    if snapshot.failed:
        detail = f"Refund {snapshot.stripe_refund_id} failed at Stripe."
        rejection = Rejected("invalid_request", detail)
        return _rejected(payment, operation, rejection, snapshot.stripe_refund_id)
    refund = Refund(
        operation.refund_id, snapshot.amount, RefundStatus.REFUNDED, snapshot.stripe_refund_id
    )
    now = payment.with_refund(refund)
    return Decision(now, [events.as_reply(operation, events.refunded(now, refund))])


def _rejected(
    payment: Payment,
    operation: Operation,
    rejection: Rejected,
    stripe_refund_id: str | None = None,
) -> Decision:
    decision = reject(payment, operation, rejection)
    if operation.kind is not OperationKind.REFUND:
        # Stripe stores the refusal under this key. A later attempt needs a new evaluation.
        return replace(decision, payment=replace(payment, key_attempt=payment.key_attempt + 1))
    failure = decision.send[0].payload
    refund = Refund(
        operation.refund_id, operation.amount, RefundStatus.FAILED, stripe_refund_id, failure
    )
    return replace(decision, payment=payment.with_refund(refund))


def _decide_waiting(decision: Decision) -> Decision:
    """Decide the waiting operations in order, until one of them is in progress."""
    payment, send = decision.payment, list[events.Event](decision.send)
    while payment.waiting and payment.operation is None:
        requested, *others = payment.waiting
        following = decide(replace(payment, waiting=tuple(others)), requested)
        payment = following.payment
        send += _without_duplicates(send, following.send)
    return Decision(payment, tuple(send))


def _without_duplicates(
    sent: Sequence[events.Event], more: Sequence[events.Event]
) -> list[events.Event]:
    ids = {event.message_id for event in sent}
    return [event for event in more if event.message_id not in ids]
