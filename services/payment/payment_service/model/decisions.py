"""What a command does to a payment: one table, with an entry for every state and command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from payment_service.model import events
from payment_service.model.authorization import PaymentCanceledBefore
from payment_service.model.failures import failure_of
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment, Refund, RefundStatus, Status
from payment_service.model.stripe_results import Refused


@dataclass(frozen=True, slots=True)
class Decision:
    """The payment from now on, what is sent, and in a few words what was done."""

    known: KnownPayment
    send: Sequence[events.Event] = ()
    effect: str = ""


Rule: TypeAlias = Callable[[KnownPayment, Operation], Decision]


def decide(known: KnownPayment, asked: Operation) -> Decision:
    """Decide an operation that is asked for; total over states, operations and what is under way.

    One operation at a time is under way. The same one asked for again is adopted: its reply will
    answer the newest command. Another one waits for its end, except that a mere refresh gives way.
    """
    running = known.operation
    if asked.kind is Kind.AUTHORIZE:
        return _authorize_again(known, asked)
    if running is None:
        return RULES[known.status, asked.kind](known, asked)
    if known.is_new and asked.kind is Kind.CANCEL:
        return _withdraw(known, running, asked)
    if running.is_same_as(asked):
        adopted = running if asked.kind is Kind.REFRESH else running.asked_by(asked)
        return Decision(replace(known, operation=adopted), effect="already in work")
    if running.kind is Kind.REFRESH:
        return _instead_of_a_refresh(known, running, asked)
    return _wait(known, asked)


def _wait(known: KnownPayment, asked: Operation) -> Decision:
    effect = f"waits for {known.operation.kind if known.operation else 'its turn'}"
    adopted = [asked if each.is_same_as(asked) else each for each in known.waiting]
    waiting = adopted if asked in adopted else [*adopted, asked]
    return Decision(replace(known, waiting=tuple(waiting)), effect=effect)


def _instead_of_a_refresh(known: KnownPayment, refresh: Operation, asked: Operation) -> Decision:
    decision = RULES[known.status, asked.kind](replace(known, operation=None), asked)
    if decision.known.operation is None:
        return replace(decision, known=replace(decision.known, operation=refresh))
    return replace(decision, known=_wait(decision.known, refresh).known)


def _withdraw(known: KnownPayment, authorize: Operation, asked: Operation) -> Decision:
    """Both commands came at once, and Stripe was asked for nothing."""
    failure = failure_of(PaymentCanceledBefore(""))
    now = replace(known, status=Status.CANCELED, failure=failure, operation=None)
    failed = events.answering(authorize, events.failed(now, failure))
    return Decision(
        now,
        [failed, events.answering(asked, events.canceled(now))],
        "canceled before any request",
    )


def _authorize_again(known: KnownPayment, asked: Operation) -> Decision:
    if known.status is Status.PENDING and known.operation:
        adopted = known.operation.asked_by(asked)
        return Decision(replace(known, operation=adopted), effect="already in work")
    match known.status:
        case Status.AUTHORIZED | Status.CAPTURED:
            return _answer(known, asked, events.authorized(known))
        case Status.FAILED if known.failure:
            return _answer(known, asked, events.failed(known, known.failure))
        case _:
            failure = failure_of(PaymentCanceledBefore(f"It is {known.status}."))
            failure = failure.model_copy(update={"payment_intent_id": known.payment_intent_id})
            return _answer(known, asked, events.failed(known, failure))


def _answer(known: KnownPayment, asked: Operation, event: events.Event) -> Decision:
    return Decision(known, [events.answering(asked, event)], f"answered: {event.type}")


def refuse(known: KnownPayment, asked: Operation, refusal: Refused) -> Decision:
    """Answer that nothing was changed."""
    event = events.refused(known.saga_id, asked, refusal, known.payment_intent_id)
    return _answer(known, asked, event)


def _begin(known: KnownPayment, asked: Operation) -> Decision:
    if asked.currency not in {"", known.currency}:
        return refuse(known, asked, Refused("invalid_request", f"It is in {known.currency}."))
    return Decision(known.begin(asked), effect=f"{asked.kind} begun")


def _captured(known: KnownPayment, asked: Operation) -> Decision:
    if (asked.amount, asked.currency) == (known.captured, known.currency):
        return _answer(known, asked, events.captured(known))
    return _already_captured(known, asked)


def _already_captured(known: KnownPayment, asked: Operation) -> Decision:
    detail = f"{known.captured} of it was captured."
    return refuse(known, asked, Refused("already_captured", detail))


def _refund(known: KnownPayment, asked: Operation) -> Decision:
    refund = known.refund(asked.refund_id)
    if refund is None:
        begun = _begin(known, asked)
        if begun.known.operation is None:
            return begun
        return replace(begun, known=begun.known.with_refund(Refund(asked.refund_id, asked.amount)))
    if refund.amount != asked.amount:
        detail = f"The refund of this id is of {refund.amount}."
        return refuse(known, asked, Refused("invalid_request", detail))
    if refund.status is RefundStatus.REFUNDED:
        return _answer(known, asked, events.refunded(known, refund))
    if refund.failure:
        return _answer(known, asked, events.refund_failed(known.saga_id, refund.failure))
    return _begin(known, asked)


def _canceled(known: KnownPayment, asked: Operation) -> Decision:
    return _answer(known, asked, events.canceled(known))


def _expired(known: KnownPayment, asked: Operation) -> Decision:
    return _answer(known, asked, events.expired(known))


def _nothing(known: KnownPayment, _: Operation) -> Decision:
    return Decision(known, effect=f"nothing to do: {known.status}")


def _refusing(refusal: Refused) -> Rule:
    return lambda known, asked: refuse(known, asked, refusal)


NO_PAYMENT: Final = Refused("no_payment", "")
_no_payment = _refusing(NO_PAYMENT)
_nothing_held = _refusing(Refused("nothing_held", "Nothing of it was captured."))
_not_captured = _refusing(Refused("invalid_request", "It is not captured; cancel it instead."))

RULES: Final[dict[tuple[Status, Kind], Rule]] = {
    (Status.PENDING, Kind.CAPTURE): _wait,
    (Status.PENDING, Kind.CANCEL): _wait,
    (Status.PENDING, Kind.REFUND): _wait,
    (Status.PENDING, Kind.REFRESH): _wait,
    (Status.AUTHORIZED, Kind.CAPTURE): _begin,
    (Status.AUTHORIZED, Kind.CANCEL): _begin,
    (Status.AUTHORIZED, Kind.REFUND): _not_captured,
    (Status.AUTHORIZED, Kind.REFRESH): _begin,
    (Status.CAPTURED, Kind.CAPTURE): _captured,
    (Status.CAPTURED, Kind.CANCEL): _already_captured,
    (Status.CAPTURED, Kind.REFUND): _refund,
    (Status.CAPTURED, Kind.REFRESH): _begin,
    (Status.CANCELED, Kind.CAPTURE): _canceled,
    (Status.CANCELED, Kind.CANCEL): _canceled,
    (Status.CANCELED, Kind.REFUND): _nothing_held,
    (Status.CANCELED, Kind.REFRESH): _nothing,
    (Status.EXPIRED, Kind.CAPTURE): _expired,
    (Status.EXPIRED, Kind.CANCEL): _canceled,
    (Status.EXPIRED, Kind.REFUND): _nothing_held,
    (Status.EXPIRED, Kind.REFRESH): _nothing,
    (Status.FAILED, Kind.CAPTURE): _no_payment,
    (Status.FAILED, Kind.CANCEL): _canceled,
    (Status.FAILED, Kind.REFUND): _no_payment,
    (Status.FAILED, Kind.REFRESH): _nothing,
}
"""By where a payment rests; `authorize` has its own rule, the same in every state."""
