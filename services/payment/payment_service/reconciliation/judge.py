"""One pure comparison of a PaymentIntent at Stripe with the payment that its saga has."""

from dataclasses import dataclass
from enum import StrEnum

from payment_service.model.observation import observe
from payment_service.model.payment import KnownPayment, Status
from payment_service.model.stripe_results import Seen


class Action(StrEnum):
    """What is to be done about a PaymentIntent."""

    NONE = "none"
    WAIT = "wait"
    REFRESH = "refresh"
    RELEASE = "release"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be done, and why."""

    action: Action
    reason: str = ""


AGREE = Judgement(Action.NONE)
_HOLDS = {Status.AUTHORIZED, Status.CAPTURED}


def judge(seen: Seen, known: KnownPayment | None, *, old_enough: bool) -> Judgement:
    """Compare; total over what Stripe and a payment can say.

    Only what cannot go wrong is repaired: a payment is compared once more by the executor, or a
    hold is released that no payment has or will have. Whatever would guess about money is reported.
    """
    if known is None:
        return _nobodys(seen, "there is no payment of its saga", old_enough=old_enough)
    if known.operation:
        return Judgement(Action.WAIT, f"{known.operation.kind} is under way")
    if known.status not in _HOLDS:
        return _nobodys(seen, f"the payment of its saga is {known.status}", old_enough=old_enough)
    if known.payment_intent_id != seen.payment_intent_id:
        return _second(seen, known)
    return _own(seen, known)


def _nobodys(seen: Seen, reason: str, *, old_enough: bool) -> Judgement:
    if seen.is_held and old_enough:
        return Judgement(Action.RELEASE, f"it is held, and {reason}")
    if seen.is_held:
        return Judgement(Action.WAIT, f"it was made just now, and {reason}")
    if seen.status == "succeeded" and seen.amount_refunded < seen.amount_received:
        return Judgement(Action.REPORT, f"it was captured, and {reason}")
    return AGREE


def _second(seen: Seen, known: KnownPayment) -> Judgement:
    if seen.is_held or seen.status == "succeeded":
        return Judgement(
            Action.REPORT,
            f"it is {seen.status}, and its saga has {known.payment_intent_id} besides",
        )
    return AGREE


def _own(seen: Seen, known: KnownPayment) -> Judgement:
    if observe(known, seen).known != known:
        return Judgement(
            Action.REFRESH, f"the payment is {known.status}, Stripe says {seen.status}"
        )
    if known.status is Status.AUTHORIZED:
        return AGREE
    if seen.status != "succeeded" or seen.amount_received != known.captured:
        says = f"{seen.status} with {seen.amount_received} received"
        return Judgement(
            Action.REPORT, f"the payment has captured {known.captured}, Stripe says {says}"
        )
    if seen.amount_refunded != known.refunded:
        return Judgement(
            Action.REFRESH,
            f"{known.refunded} was refunded, Stripe says {seen.amount_refunded}",
        )
    return AGREE
