"""The use case of a leased capture, cancellation, refund or refresh at Stripe."""

from collections.abc import Awaitable, Callable

from payment_service.executor.retry import Current, Patience
from payment_service.model.operations import Kind
from payment_service.model.ports import (
    Absent,
    Decided,
    Gateway,
    Lease,
    Postponed,
    Result,
    Settled,
    Unknown,
)
from payment_service.model.stripe_results import Missing, Refused, Seen


class Settler:
    """Brings one leased operation to its end, or one step nearer to it; never to a guess.

    A request without an answer is repeated with the same key and the same bytes. Then Stripe is
    read: what it says is the verdict. If the work is not done there, no further request is made,
    and Stripe is read again once none of ours can be in work any more. Then

    - a capture or a refund has failed, and nothing comes of it;
    - a cancellation is begun again under another key, for as long as the hold stands.
    """

    def __init__(self, gateway: Gateway, patience: Patience) -> None:
        self._gateway = gateway
        self._patience = patience

    async def settle(self, lease: Lease, current: Current) -> Result:
        """Do the operation, or find out what became of it.

        Raises:
            LeaseLost: See `Patience.ask`.
        """
        match lease.operation.kind:
            case Kind.REFRESH:
                return await self._refresh(lease, current)
            case Kind.REFUND:
                return await self._refund(lease, current)
            case Kind.CANCEL:
                return await self._end(lease, current, self._gateway.cancel)
            case _:
                return await self._end(lease, current, self._gateway.capture)

    async def _refresh(self, lease: Lease, current: Current) -> Result:
        current()
        seen = await self._gateway.look(lease.payment_intent_id)
        if isinstance(seen, Unknown):
            return self._patience.postpone(lease, seen.reason)
        return Decided(lease, seen)

    async def _refund(self, lease: Lease, current: Current) -> Result:
        answer = await self._patience.ask(current, lambda: self._gateway.refund(lease))
        if not isinstance(answer, Unknown):
            return Decided(lease, answer)
        refund_id = lease.operation.refund_id
        found = await self._gateway.find_refund(lease.payment_intent_id, refund_id)
        match found:
            case Unknown(reason):
                return self._not_found_out(lease, answer, reason)
            case Absent() if lease.settled:
                return Decided(lease, _unavailable(answer))
            case Absent():
                return self._patience.settle(lease, f"{answer.reason}; Stripe has no such refund")
            case _:
                return Decided(lease, found)

    async def _end(
        self, lease: Lease, current: Current, request: Callable[[Lease], Awaitable[Settled]]
    ) -> Result:
        answer = await self._patience.ask(current, lambda: request(lease))
        if isinstance(answer, Refused) or (isinstance(answer, Seen) and answer.is_over):
            return Decided(lease, answer)
        unknown = answer if isinstance(answer, Unknown) else _still(answer)
        seen = await self._gateway.look(lease.payment_intent_id)
        match seen:
            case Unknown(reason):
                return self._not_found_out(lease, unknown, reason)
            case Missing(detail):
                return Decided(lease, Refused("invalid_request", detail, "resource_missing"))
            case _ if seen.is_over:
                return Decided(lease, seen)
            case _:
                return self._not_over(lease, unknown, seen)

    def _not_over(self, lease: Lease, unknown: Unknown, seen: Seen) -> Result:
        reason = f"{unknown.reason}; it is {seen.status}"
        if not lease.settled:
            return self._patience.settle(lease, reason)
        if lease.operation.kind is Kind.CANCEL:
            return self._again(lease, reason)
        return Decided(lease, _unavailable(unknown))

    def _not_found_out(self, lease: Lease, unknown: Unknown, reason: str) -> Postponed:
        return self._patience.postpone(lease, f"{unknown.reason}; not found out: {reason}")

    def _again(self, lease: Lease, reason: str) -> Postponed:
        pause = self._patience.postpone(lease, reason)
        return Postponed(lease, pause.reason, pause.pause_seconds, new_key=True)


def _unavailable(unknown: Unknown) -> Refused:
    return Refused("stripe_unavailable", f"Last: {unknown.reason}.")


def _still(seen: Seen) -> Unknown:
    return Unknown(f"{seen.payment_intent_id} is {seen.status}")
