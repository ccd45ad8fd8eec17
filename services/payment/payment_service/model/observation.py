"""One pure comparison of a payment with what Stripe says of it: the new state, and what is news."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from payment_service.model import events
from payment_service.model.failures import failure_of_refund
from payment_service.model.payment import KnownPayment, Refund, RefundStatus, Status
from payment_service.model.stripe_results import Returned, Seen


@dataclass(frozen=True, slots=True)
class Observed:
    """The payment as it stands by what Stripe says, and the facts that are new."""

    known: KnownPayment
    facts: Sequence[events.Event] = ()


def observe(known: KnownPayment, seen: Seen) -> Observed:
    """Follow Stripe. Seen again, nothing is news; a state that is final never changes.

    It is total: what Stripe says of a payment that cannot have become so changes nothing here,
    and is the reconciler's to report.
    """
    if known.payment is None or known.payment_intent_id != seen.payment_intent_id:
        return Observed(known)
    observed = Observed(known)
    if known.status is Status.AUTHORIZED:
        observed = _hold(known, seen, known.payment.amount)
    if observed.known.status is Status.CAPTURED and seen.refunds:
        observed = _refunds(observed, seen.refunds)
    return observed


def _hold(known: KnownPayment, seen: Seen, amount: int) -> Observed:
    if seen.status == "succeeded":
        taken = seen.amount_received or amount
        now = replace(known, status=Status.CAPTURED, captured=taken, released=amount - taken)
        return Observed(now, [events.captured(now)])
    if seen.has_expired:
        now = replace(known, status=Status.EXPIRED, released=amount)
        return Observed(now, [events.expired(now)])
    if seen.status == "canceled":
        now = replace(known, status=Status.CANCELED, released=amount)
        return Observed(now, [events.canceled(now)])
    return Observed(replace(known, capture_before=seen.capture_before or known.capture_before))


def _refunds(observed: Observed, returned: Sequence[Returned]) -> Observed:
    known, facts = observed.known, list(observed.facts)
    for each in returned:
        ours = _ours(known, each)
        now = _refund(known, each, ours.refund_id if ours else each.stripe_refund_id)
        if ours and (ours.status, ours.stripe_refund_id) == (now.status, now.stripe_refund_id):
            continue
        known = known.with_refund(now)
        if now.status is RefundStatus.REFUNDED:
            facts.append(events.refunded(known, now))
        elif now.failure and ours and ours.status is RefundStatus.REFUNDED:
            facts.append(events.refund_lost(known, now.failure))
    return Observed(known, facts)


def _refund(known: KnownPayment, returned: Returned, refund_id: str) -> Refund:
    """The refund as Stripe has it; one that was made may fail days later."""
    if not returned.failed:
        status, failure = RefundStatus.REFUNDED, None
    else:
        status = RefundStatus.FAILED
        failed = failure_of_refund(
            returned.stripe_refund_id, returned.failure_reason, known.payment_intent_id
        )
        failure = events.refund_failure(failed, refund_id, returned.stripe_refund_id)
    return Refund(refund_id, returned.amount, status, returned.stripe_refund_id, failure)


def _ours(known: KnownPayment, returned: Returned) -> Refund | None:
    for refund in known.refunds:
        if returned.stripe_refund_id == refund.stripe_refund_id:
            return refund
    return known.refund(returned.refund_id) if returned.refund_id else None
