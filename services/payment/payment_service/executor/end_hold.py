"""Ending a hold: capture or cancel."""

from collections.abc import Awaitable, Callable

from payment_service.executor.retry import CurrentLease, RetryPolicy
from payment_service.model.lease import Lease
from payment_service.model.operations import OperationKind
from payment_service.model.ports import (
    Completed,
    Gateway,
    HoldResponse,
    Postponed,
    Progress,
    Unknown,
)
from payment_service.model.stripe_results import IntentSnapshot, NotFound, Rejected


async def end_hold(
    gateway: Gateway,
    policy: RetryPolicy,
    lease: Lease,
    current: CurrentLease,
    request: Callable[[Lease], Awaitable[HoldResponse]],
) -> Progress:
    """Send the request that ends the hold, and read the PaymentIntent if that is inconclusive.

    If the hold still stands once no request can take effect any more, a capture has failed, and a
    cancellation begins again under another key, for as long as the hold stands.

    Raises:
        LeaseLost: The lease was found invalid before a request.
    """
    response = await policy.request(current, lambda: request(lease))
    match response:
        case Unknown():
            unknown = response
        case IntentSnapshot(is_over=False):
            unknown = Unknown(_status(response))
        case _:
            return Completed(lease, response)
    intent = await gateway.fetch(lease.payment_intent_id)
    match intent:
        case Unknown(reason):
            return policy.postpone_unread(lease, unknown, reason)
        case NotFound(detail):
            return Completed(lease, Rejected("invalid_request", detail, "resource_missing"))
        case _ if intent.is_over:
            return Completed(lease, intent)
        case _:
            return _still_held(policy, lease, unknown, intent)


def _still_held(
    policy: RetryPolicy, lease: Lease, unknown: Unknown, intent: IntentSnapshot
) -> Progress:
    reason = f"{unknown.reason}; {_status(intent)}"
    if not lease.verified:
        return policy.verify(lease, reason)
    if lease.operation.kind is OperationKind.CANCEL:
        pause = policy.postpone(lease, reason)
        return Postponed(lease, pause.reason, pause.pause_seconds, new_key=True)
    detail = f"Last response: {unknown.reason}."
    return Completed(lease, Rejected("stripe_unavailable", detail))


def _status(intent: IntentSnapshot) -> str:
    return f"{intent.payment_intent_id} is {intent.status}"
