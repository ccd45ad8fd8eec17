"""The use case of a leased payment: it is authorized at Stripe, or fails for a reason."""

from collections.abc import Callable
from typing import Final

import tenacity

from payment_service.domain import InvalidRequest, Outcome, Payment, StripeUnavailable
from payment_service.errors import LeaseLost
from payment_service.ports import (
    Absent,
    Answer,
    Decided,
    Gateway,
    Lease,
    Open,
    Postponed,
    Result,
    Unknown,
)
from payment_service.troubleshooting import verdict_of

KEY_LIFETIME_SECONDS: Final = 23 * 3600
"""Stripe may forget an idempotency key after 24 h; a request that is made then would make a second
hold: https://docs.stripe.com/api/idempotent_requests"""


class Authorizer:
    """Brings one leased payment to its end, or one step nearer to it.

    One hold at most comes of it, however many executors do this at once or after each other:
    every request for a payment has the same idempotency key and the same bytes, and none is made
    once the key may be forgotten.

    A payment fails for want of an answer only when none can come any more: after requests have
    been repeated for `retry_seconds`, Stripe is asked for the PaymentIntent. If it has none, no
    further request is ever made, and after `settle_seconds` Stripe is asked again: a request that
    we gave up on may have been in work until then. If Stripe cannot be asked, the payment waits.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        retry_seconds: float,
        settle_seconds: float,
        pause_seconds: float,
        pause_max_seconds: float,
    ) -> None:
        self._gateway = gateway
        self._retry_seconds = retry_seconds
        self._settle_seconds = settle_seconds
        self._pause_seconds = pause_seconds
        self._pause_max_seconds = pause_max_seconds
        self._back_off = tenacity.wait_random_exponential(multiplier=0.2, max=5)

    async def authorize(self, lease: Lease, may_ask: Callable[[], bool]) -> Result:
        """Ask Stripe for the hold, or for what became of it.

        Args:
            lease: The payment.
            may_ask: Whether the lease still stands; looked at before each request.

        Raises:
            LeaseLost: It does not.
        """
        unknown = lease.last_error or "no request may be made any more"
        if not lease.settling and lease.age_seconds < KEY_LIFETIME_SECONDS:
            answer = await self._ask(lease.payment, may_ask)
            if not isinstance(answer, (Open, Unknown)):
                return _decided(lease, answer)
            unknown = _explain(answer)
        return await self._look_up(lease, unknown)

    async def _ask(self, payment: Payment, may_ask: Callable[[], bool]) -> Answer:
        async def once() -> Answer:
            if not may_ask():
                raise LeaseLost(payment.saga_id)
            return await self._gateway.authorize(payment)

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_worth_repeating),
            wait=self._wait,
            stop=tenacity.stop_before_delay(self._retry_seconds),
            retry_error_callback=_last_answer,
        )
        return await retrying(once)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        answer = _last_answer(state)
        asked_for = answer.retry_after_seconds if isinstance(answer, Unknown) else 0.0
        return max(asked_for, self._back_off(state))

    async def _look_up(self, lease: Lease, unknown: str) -> Result:
        finding = await self._gateway.find(lease.payment, lease.age_seconds)
        match finding:
            case Unknown(reason):
                return self.postpone(lease, f"{unknown}; not found out: {reason}")
            case Open(payment_intent_id, "processing"):
                return self.postpone(lease, f"{payment_intent_id} is processing at Stripe")
            case Open() if lease.settled:
                return _decided(lease, _never_confirmed(finding))
            case Absent() if lease.settled:
                return _decided(lease, StripeUnavailable(f"Last: {unknown}."))
            case Open() | Absent():
                reason = f"{unknown}; {_explain(finding)}; waiting whether that stays so"
                return Postponed(lease, reason, self._settle_seconds, settle=True)
            case _:
                return _decided(lease, finding)

    def postpone(self, lease: Lease, reason: str) -> Postponed:
        """Nothing is known: take the payment up again later, and later still the next time."""
        pause = min(self._pause_seconds * 2 ** min(lease.attempts - 1, 30), self._pause_max_seconds)
        return Postponed(lease, reason, pause)


def _decided(lease: Lease, outcome: Outcome) -> Decided:
    return Decided(lease, verdict_of(outcome))


def _never_confirmed(intent: Open) -> Outcome:
    return InvalidRequest(
        f"The PaymentIntent stayed {intent.status}.", payment_intent_id=intent.payment_intent_id
    )


def _worth_repeating(answer: Answer) -> bool:
    return isinstance(answer, Unknown) and answer.repeat


def _last_answer(state: tenacity.RetryCallState) -> Answer:
    if state.outcome is None:
        return Unknown("not asked")
    return state.outcome.result()


def _explain(answer: Open | Unknown | Absent) -> str:
    match answer:
        case Unknown(reason):
            return reason
        case Open(payment_intent_id, status):
            return f"{payment_intent_id} is {status}"
        case Absent():
            return "Stripe has no PaymentIntent"
