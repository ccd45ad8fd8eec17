"""What the end of an operation makes of a payment: its new state, and what is told of it."""

from collections.abc import Sequence
from dataclasses import replace

from saga_schemas.payment import PaymentFailedPayload

from payment_service.model import events
from payment_service.model.authorization import Authorized, Verdict
from payment_service.model.decisions import RULES, Decision, decide, refuse
from payment_service.model.observation import observe
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment, Refund, RefundStatus, Status
from payment_service.model.stripe_results import Conclusion, Missing, Refused, Returned, Seen


def conclude(known: KnownPayment, conclusion: Conclusion) -> Decision:
    """End the operation that is under way, then decide what waited for that.

    The newest command that asked for the operation gets one reply. What turned out besides is told
    as a fact, unless the reply says the same.

    Raises:
        ValueError: Nothing is under way, or its end cannot be of this kind: a bug.
    """
    operation = known.operation
    if operation is None:
        raise ValueError(f"nothing is under way for {known.saga_id}")
    return _next(_ended(replace(known, operation=None), operation, conclusion))


def _ended(known: KnownPayment, operation: Operation, conclusion: Conclusion) -> Decision:
    match conclusion:
        case Authorized() | PaymentFailedPayload():
            return _authorized(known, operation, conclusion)
        case Seen():
            return _seen(known, operation, conclusion)
        case Returned():
            return _returned(known, operation, conclusion)
        case Missing():
            return Decision(known)
        case Refused():
            return _refused(known, operation, conclusion)


def _authorized(known: KnownPayment, operation: Operation, verdict: Verdict) -> Decision:
    now = known.decided(verdict)
    if isinstance(verdict, Authorized):
        event = events.authorized(now)
    else:
        event = events.failed(now, verdict)
    return Decision(now, [events.answering(operation, event)])


def _seen(known: KnownPayment, operation: Operation, seen: Seen) -> Decision:
    observed = observe(known, seen)
    if operation.kind is Kind.REFRESH:
        facts = [events.caused_by(operation, fact) for fact in observed.facts]
        return Decision(observed.known, facts)
    if observed.known.status is Status.AUTHORIZED:
        return _refused(known, operation, Refused("stripe_unavailable", f"It is {seen.status}."))
    answer = RULES[observed.known.status, operation.kind](observed.known, operation)
    told = {event.type for event in answer.send}
    news = [fact for fact in observed.facts if fact.type not in told]
    return Decision(answer.known, [*news, *answer.send])


def _returned(known: KnownPayment, operation: Operation, returned: Returned) -> Decision:
    if returned.failed:
        refusal = Refused("invalid_request", f"{returned.stripe_refund_id} failed at Stripe.")
        return _refused(known, operation, refusal, returned.stripe_refund_id)
    refund = Refund(
        operation.refund_id, returned.amount, RefundStatus.REFUNDED, returned.stripe_refund_id
    )
    now = known.with_refund(refund)
    return Decision(now, [events.answering(operation, events.refunded(now, refund))])


def _refused(
    known: KnownPayment, operation: Operation, refusal: Refused, stripe_refund_id: str | None = None
) -> Decision:
    decision = refuse(known, operation, refusal)
    if operation.kind is not Kind.REFUND:
        # Stripe keeps the refusal under this key; asked for again, it is to look at the hold again.
        return replace(decision, known=replace(known, key_round=known.key_round + 1))
    failure = decision.send[0].payload
    refund = Refund(
        operation.refund_id, operation.amount, RefundStatus.FAILED, stripe_refund_id, failure
    )
    return replace(decision, known=known.with_refund(refund))


def _next(decision: Decision) -> Decision:
    """Decide what waits, in its order, until one of it is under way."""
    known, send = decision.known, list[events.Event](decision.send)
    while known.waiting and known.operation is None:
        asked, *others = known.waiting
        following = decide(replace(known, waiting=tuple(others)), asked)
        known = following.known
        send += _without_doubles(send, following.send)
    return Decision(known, tuple(send))


def _without_doubles(
    sent: Sequence[events.Event], more: Sequence[events.Event]
) -> list[events.Event]:
    ids = {event.message_id for event in sent}
    return [event for event in more if event.message_id not in ids]
