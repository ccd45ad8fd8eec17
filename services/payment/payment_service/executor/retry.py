"""How long a request without an answer is repeated, and when what is unknown is taken up again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import tenacity

from payment_service.model.ports import Lease, Postponed, Unknown

KEY_LIFETIME_SECONDS: Final = 23 * 3600
"""Stripe may forget an idempotency key after 24 h; a request that is made then might do its work a
second time: https://docs.stripe.com/api/idempotent_requests"""

Current: TypeAlias = Callable[[], Lease]
"""The lease as it is now; raises `LeaseLost` where it no longer stands."""

Answer = TypeVar("Answer")
_BACK_OFF: Final = tenacity.wait_random_exponential(multiplier=0.2, max=5)


@dataclass(frozen=True, slots=True)
class Patience:
    """The numbers that bound it; all are in seconds.

    Attributes:
        retry_seconds: For how long a request is repeated at once, with the same key and bytes.
        settle_seconds: How long after the last request it may still have an effect.
        pause_seconds: Until something unknown is taken up again, doubled each time.
    """

    retry_seconds: float
    settle_seconds: float
    pause_seconds: float
    pause_max_seconds: float

    async def ask(
        self, current: Current, call: Callable[[], Awaitable[Answer | Unknown]]
    ) -> Answer | Unknown:
        """Ask until there is an answer, or no further request is worth making or wanted.

        Raises:
            LeaseLost: Before a request it turned out that the lease no longer stands.
        """

        async def once() -> Answer | Unknown:
            lease = current()
            if not may_request(lease):
                return Unknown(lease.last_error or "no request may be made any more")
            return await call()

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_worth_repeating),
            wait=_wait,
            stop=tenacity.stop_before_delay(self.retry_seconds),
            retry_error_callback=_last_answer,
        )
        return await retrying(once)

    def postpone(self, lease: Lease, reason: str) -> Postponed:
        """Nothing is known: take it up again later, and later still the next time."""
        pause = min(self.pause_seconds * 2 ** min(lease.attempts - 1, 30), self.pause_max_seconds)
        return Postponed(lease, reason, pause)

    def settle(self, lease: Lease, reason: str) -> Postponed:
        """It seems not to be done: request nothing more, and look again when that is certain."""
        return Postponed(
            lease, f"{reason}; waiting whether that stays so", self.settle_seconds, settle=True
        )


def may_request(lease: Lease) -> bool:
    """Whether a request may still be made for the operation."""
    return not lease.settling and not lease.halted and lease.age_seconds < KEY_LIFETIME_SECONDS


def _wait(state: tenacity.RetryCallState) -> float:
    answer = _last_answer(state)
    asked_for = answer.retry_after_seconds if isinstance(answer, Unknown) else 0.0
    return max(asked_for, _BACK_OFF(state))


def _worth_repeating(answer: object) -> bool:
    return isinstance(answer, Unknown) and answer.repeat


def _last_answer(state: tenacity.RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else Unknown("not asked")
