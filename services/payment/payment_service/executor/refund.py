"""Refunding a captured payment."""

from payment_service.executor.retry import CurrentLease, RetryPolicy
from payment_service.model.lease import Lease
from payment_service.model.ports import Absent, Completed, Gateway, Progress, Unknown
from payment_service.model.stripe_results import Rejected


async def refund(
    gateway: Gateway, policy: RetryPolicy, lease: Lease, current: CurrentLease
) -> Progress:
    """Request the refund, and look it up by its `refund_id` if that is inconclusive.

    If Stripe has no such refund once no request can take effect any more, the refund has failed.

    Raises:
        LeaseLost: The lease was found invalid before a request.
    """
    response = await policy.request(current, lambda: gateway.refund(lease))
    if not isinstance(response, Unknown):
        return Completed(lease, response)
    found = await gateway.find_refund(lease.payment_intent_id, lease.operation.refund_id)
    match found:
        case Unknown(reason):
            return policy.postpone_unread(lease, response, reason)
        case Absent() if lease.verified:
            detail = f"Last response: {response.reason}."
            return Completed(lease, Rejected("stripe_unavailable", detail))
        case Absent():
            return policy.verify(lease, f"{response.reason}; Stripe has no such refund")
        case _:
            return Completed(lease, found)
