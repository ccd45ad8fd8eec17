"""Authorizing a payment: the hold is created at Stripe, or the payment fails with a reason."""

from payment_service.executor.retry import CurrentLease, RetryPolicy
from payment_service.model.authorization import (
    InvalidRequest,
    NotBegun,
    Outcome,
    StripeUnavailable,
)
from payment_service.model.failures import authorization_result
from payment_service.model.lease import Lease
from payment_service.model.ports import Absent, Completed, Gateway, Incomplete, Progress, Unknown

TOO_LATE = (
    "No request was sent to Stripe: the command waited {:.0f} s, and its time-out leaves too "
    "little time."
)


async def authorize(
    gateway: Gateway, policy: RetryPolicy, lease: Lease, current: CurrentLease
) -> Progress:
    """Request the hold, and look up the PaymentIntent if that is inconclusive.

    At most one hold is created, however many executors do this, concurrently or in turn: every
    request for a payment has the same idempotency key and the same bytes, and none is sent once
    the key may have expired, a cancellation is waiting, or the command's time-out leaves no time.
    If no request was sent until then, the payment fails at once.

    A payment fails as unavailable only when no response can come any more. After `retry_seconds`
    of retries the PaymentIntent is looked up. If Stripe has none, no more requests are sent, and
    after `verify_seconds` it is looked up again: an abandoned request may have been in progress
    until then. If Stripe cannot be read, the payment waits.

    Raises:
        LeaseLost: The lease was found invalid before a request.
    """
    if lease.unsent and lease.expired:
        return _completed(lease, NotBegun(TOO_LATE.format(lease.age_seconds)))
    response = await policy.request(current, lambda: gateway.authorize(lease.request))
    if not isinstance(response, (Incomplete, Unknown)):
        return _completed(lease, response)
    return await _look_up(gateway, policy, lease, _explain(response))


async def _look_up(gateway: Gateway, policy: RetryPolicy, lease: Lease, unknown: str) -> Progress:
    found = await gateway.find(lease.request, lease.age_seconds)
    match found:
        case Unknown(reason):
            return policy.postpone_unread(lease, Unknown(unknown), reason)
        case Incomplete(payment_intent_id, "processing"):
            return policy.postpone(lease, f"{payment_intent_id} is processing")
        case Incomplete() if lease.verified:
            return _completed(lease, _never_confirmed(found))
        case Absent() if lease.verified:
            return _completed(lease, StripeUnavailable(f"Last response: {unknown}."))
        case Incomplete() | Absent():
            return policy.verify(lease, f"{unknown}; {_explain(found)}")
        case _:
            return _completed(lease, found)


def _completed(lease: Lease, outcome: Outcome) -> Completed:
    return Completed(lease, authorization_result(outcome))


def _never_confirmed(intent: Incomplete) -> Outcome:
    return InvalidRequest(
        f"The PaymentIntent stayed {intent.status}.", payment_intent_id=intent.payment_intent_id
    )


def _explain(response: Incomplete | Unknown | Absent) -> str:
    match response:
        case Unknown(reason):
            return reason
        case Incomplete(payment_intent_id, status):
            return f"{payment_intent_id} is {status}"
        case Absent():
            return "Stripe has no PaymentIntent"
