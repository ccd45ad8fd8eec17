"""Comparison of a payment with Stripe's state: the new state, and the events for what changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from payment_service.model import events
from payment_service.model.failures import late_refund_failure
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from payment_service.model.stripe_results import IntentSnapshot, RefundSnapshot


@dataclass(frozen=True, slots=True)
class Observation:
    """The payment according to Stripe, and the unsolicited events for what changed."""

    payment: Payment
    unsolicited: Sequence[events.Event] = ()


def observe(payment: Payment, intent: IntentSnapshot) -> Observation:
    """Bring the payment to Stripe's state.

    Idempotent: the same snapshot again changes nothing. A final status never changes. Total: a
    state that this payment cannot have reached is ignored; the reconciliation reports it.
    """
    if payment.request is None or payment.payment_intent_id != intent.payment_intent_id:
        return Observation(payment)
    observation = Observation(payment)
    if payment.status is PaymentStatus.AUTHORIZED:
        observation = _observe_hold(payment, intent, payment.request.amount)
    if observation.payment.status is PaymentStatus.CAPTURED and intent.refunds:
        observation = _observe_refunds(observation, intent.refunds)
    return observation


def _observe_hold(payment: Payment, intent: IntentSnapshot, amount: int) -> Observation:
    if intent.status == "succeeded":
        taken = intent.amount_received or amount
        now = replace(
            payment,
            status=PaymentStatus.CAPTURED,
            captured=taken,
            released=max(0, amount - taken),  # more than the hold can be captured at Stripe
        )
        return Observation(now, [events.captured(now)])
    if intent.has_expired:
        now = replace(payment, status=PaymentStatus.EXPIRED, released=amount)
        return Observation(now, [events.expired(now)])
    if intent.status == "canceled":
        now = replace(payment, status=PaymentStatus.CANCELED, released=amount)
        return Observation(now, [events.canceled(now)])
    capture_before = intent.capture_before or payment.capture_before
    return Observation(replace(payment, capture_before=capture_before))


def _observe_refunds(observation: Observation, snapshots: Sequence[RefundSnapshot]) -> Observation:
    payment, changes = observation.payment, list(observation.unsolicited)
    for snapshot in snapshots:
        known = _stored_refund(payment, snapshot)
        now = _refund_of(payment, snapshot, known.refund_id if known else snapshot.stripe_refund_id)
        if known and (known.status, known.stripe_refund_id) == (now.status, now.stripe_refund_id):
            continue
        payment = payment.with_refund(now)
        if now.status is RefundStatus.REFUNDED:
            changes.append(events.refunded(payment, now))
        elif now.failure and known and known.status is RefundStatus.REFUNDED:
            changes.append(events.refund_failed_later(payment, now.failure))
    return Observation(payment, changes)


def _refund_of(payment: Payment, snapshot: RefundSnapshot, refund_id: str) -> Refund:
    """Convert the snapshot. A refund that succeeded can still fail days later."""
    if not snapshot.failed:
        status, failure = RefundStatus.REFUNDED, None
    else:
        status = RefundStatus.FAILED
        failed = late_refund_failure(
            snapshot.stripe_refund_id, snapshot.failure_reason, payment.payment_intent_id
        )
        failure = events.of_refund(failed, refund_id, snapshot.stripe_refund_id)
    return Refund(refund_id, snapshot.amount, status, snapshot.stripe_refund_id, failure)


def _stored_refund(payment: Payment, snapshot: RefundSnapshot) -> Refund | None:
    for refund in payment.refunds:
        if snapshot.stripe_refund_id == refund.stripe_refund_id:
            return refund
    return payment.refund(snapshot.refund_id) if snapshot.refund_id else None
