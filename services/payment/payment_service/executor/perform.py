"""Performing an operation: dispatch by kind, and the refresh."""

from payment_service.executor.authorize import authorize
from payment_service.executor.end_hold import end_hold
from payment_service.executor.refund import refund
from payment_service.executor.retry import CurrentLease, RetryPolicy
from payment_service.model.lease import Lease
from payment_service.model.operations import OperationKind
from payment_service.model.ports import Completed, Gateway, Progress, Unknown


async def perform(
    gateway: Gateway, policy: RetryPolicy, lease: Lease, current: CurrentLease
) -> Progress:
    """Perform a leased operation, or bring it one step nearer to its end. It never guesses.

    A request without a conclusive response is retried with the same key and the same bytes. Then
    Stripe is read, and its state is the result. If the operation has not taken effect there, no
    more requests are sent, and Stripe is read again once no earlier request can take effect.

    Raises:
        LeaseLost: The lease was found invalid before a request.
    """
    match lease.operation.kind:
        case OperationKind.AUTHORIZE:
            return await authorize(gateway, policy, lease, current)
        case OperationKind.CAPTURE:
            return await end_hold(gateway, policy, lease, current, gateway.capture)
        case OperationKind.CANCEL:
            return await end_hold(gateway, policy, lease, current, gateway.cancel)
        case OperationKind.REFUND:
            return await refund(gateway, policy, lease, current)
        case OperationKind.REFRESH:
            return await _refresh(gateway, policy, lease, current)


async def _refresh(
    gateway: Gateway, policy: RetryPolicy, lease: Lease, current: CurrentLease
) -> Progress:
    current()
    intent = await gateway.fetch(lease.payment_intent_id)
    if isinstance(intent, Unknown):
        return policy.postpone(lease, intent.reason)
    return Completed(lease, intent)
