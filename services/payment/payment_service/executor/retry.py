"""The retry policy: immediate retries of a request, and pauses before an operation resumes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import tenacity

from payment_service.model.lease import Lease
from payment_service.model.ports import Postponed, Unknown

KEY_LIFETIME_SECONDS: Final = 23 * 3600
"""Stripe may delete an idempotency key after 24 hours. A later request with the same key could have
its effect a second time: https://docs.stripe.com/api/idempotent_requests"""

CurrentLease: TypeAlias = Callable[[], Lease]
"""Returns the lease with its current age; raises `LeaseLost` if it is no longer valid."""

Response = TypeVar("Response")
_BACK_OFF: Final = tenacity.wait_random_exponential(multiplier=0.2, max=5)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of retries, in seconds.

    Attributes:
        retry_seconds: How long a request is retried immediately, with the same key and bytes.
        verify_seconds: How long after the last request it may still take effect.
        pause_seconds: The first pause before an operation resumes; it doubles each time.
        pause_max_seconds: The longest pause.
    """

    retry_seconds: float
    verify_seconds: float
    pause_seconds: float
    pause_max_seconds: float

    async def request(
        self, current: CurrentLease, call: Callable[[], Awaitable[Response | Unknown]]
    ) -> Response | Unknown:
        """Call until there is a conclusive response, or no further request is allowed.

        Raises:
            LeaseLost: The lease was found invalid before a request.
        """

        async def once() -> Response | Unknown:
            lease = current()
            if not may_request(lease):
                return Unknown(lease.last_error or "no further requests are allowed")
            return await call()

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_is_retryable),
            wait=_wait,
            stop=tenacity.stop_before_delay(self.retry_seconds),
            retry_error_callback=_last_response,
        )
        return await retrying(once)

    def postpone(self, lease: Lease, reason: str) -> Postponed:
        """Resume the operation after a pause, which grows with each lease."""
        pause = min(self.pause_seconds * 2 ** min(lease.attempts - 1, 30), self.pause_max_seconds)
        return Postponed(lease, reason, pause)

    def postpone_unread(self, lease: Lease, unknown: Unknown, reason: str) -> Postponed:
        """Resume later, because Stripe could not be read after an inconclusive request."""
        return self.postpone(lease, f"{unknown.reason}; not readable at Stripe: {reason}")

    def verify(self, lease: Lease, reason: str) -> Postponed:
        """Send no more requests, and read Stripe again once no earlier one can take effect."""
        return Postponed(lease, f"{reason}; verifying", self.verify_seconds, verify=True)


def may_request(lease: Lease) -> bool:
    """Return True if a request may still be sent for the operation."""
    return lease.can_succeed and lease.age_seconds < KEY_LIFETIME_SECONDS


def _wait(state: tenacity.RetryCallState) -> float:
    response = _last_response(state)
    retry_after = response.retry_after_seconds if isinstance(response, Unknown) else 0.0
    return max(retry_after, _BACK_OFF(state))


def _is_retryable(response: object) -> bool:
    return isinstance(response, Unknown) and response.retryable


def _last_response(state: tenacity.RetryCallState) -> Any:
    return state.outcome.result() if state.outcome else Unknown("no request was sent")
