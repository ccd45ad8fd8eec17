"""Judging a PaymentIntent by the payment of its saga, pure."""

from dataclasses import dataclass
from enum import StrEnum

from payment_service.model.observation import observe
from payment_service.model.payment import Payment, PaymentStatus
from payment_service.model.stripe_results import IntentSnapshot


class Action(StrEnum):
    """The action for a PaymentIntent."""

    NONE = "none"
    WAIT = "wait"
    REFRESH = "refresh"
    RELEASE = "release"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Finding:
    """The action for a PaymentIntent, and the reason."""

    action: Action
    reason: str = ""


IN_AGREEMENT = Finding(Action.NONE)
_WITH_MONEY = {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED}


def judge(
    intent: IntentSnapshot, payment: Payment | None, *, old_enough: bool, doubt: str = ""
) -> Finding:
    """Compare a PaymentIntent with its saga's payment. Total over the states of both.

    Only safe repairs are made: the executor refreshes the payment, or a hold that no payment has
    or will have is released. Anything that would be a guess about money is reported.

    Args:
        intent: The PaymentIntent.
        payment: The payment of its saga, None if there is none.
        old_enough: The PaymentIntent is old enough that its payment must have been stored.
        doubt: The reason that a hold which no payment has may still not be released; see
            `evidence.doubt`.
    """
    if payment is None:
        reason = "its saga has no payment"
        return _orphan(intent, reason, doubt, old_enough=old_enough)
    if payment.operation:
        return Finding(Action.WAIT, f"{payment.operation.kind} is in progress")
    if payment.status not in _WITH_MONEY:
        reason = f"its saga's payment is {payment.status}"
        return _orphan(intent, reason, doubt, old_enough=old_enough)
    if payment.payment_intent_id != intent.payment_intent_id:
        return _duplicate(intent, payment)
    return _matching(intent, payment)


def _orphan(intent: IntentSnapshot, reason: str, doubt: str, *, old_enough: bool) -> Finding:
    if intent.is_held and old_enough and doubt:
        return Finding(Action.REPORT, f"it is held, and {reason}, but {doubt}")
    if intent.is_held and old_enough:
        return Finding(Action.RELEASE, f"it is held, and {reason}")
    if intent.is_held:
        return Finding(Action.WAIT, f"it was created recently, and {reason}")
    if intent.status == "succeeded" and intent.amount_refunded < intent.amount_received:
        return Finding(Action.REPORT, f"it was captured, and {reason}")
    return IN_AGREEMENT


def _duplicate(intent: IntentSnapshot, payment: Payment) -> Finding:
    if intent.is_held or intent.status == "succeeded":
        return Finding(
            Action.REPORT,
            f"it is {intent.status}, and its saga's payment has {payment.payment_intent_id}",
        )
    return IN_AGREEMENT


def _matching(intent: IntentSnapshot, payment: Payment) -> Finding:
    if observe(payment, intent).payment != payment:
        return Finding(
            Action.REFRESH, f"the payment is {payment.status}, at Stripe it is {intent.status}"
        )
    if payment.status is PaymentStatus.AUTHORIZED:
        return IN_AGREEMENT
    if intent.status != "succeeded" or intent.amount_received != payment.captured:
        return Finding(
            Action.REPORT,
            f"the payment has captured {payment.captured}, at Stripe it is {intent.status} "
            f"with {intent.amount_received} received",
        )
    if intent.amount_refunded != payment.refunded:
        return Finding(
            Action.REFRESH,
            f"the payment has refunded {payment.refunded}, Stripe {intent.amount_refunded}",
        )
    return IN_AGREEMENT
