"""The use case of a leased authorization: it is made at Stripe, or fails for a reason."""

from payment_service.executor.retry import Current, Patience
from payment_service.model.authorization import InvalidRequest, Outcome, StripeUnavailable
from payment_service.model.failures import verdict_of
from payment_service.model.ports import (
    Absent,
    Decided,
    Gateway,
    Lease,
    Open,
    Result,
    Unknown,
)


class Authorizer:
    """Brings one leased authorization to its end, or one step nearer to it.

    One hold at most comes of it, however many executors do this at once or after each other:
    every request for a payment has the same idempotency key and the same bytes, and none is made
    once the key may be forgotten, or once someone waits to cancel.

    A payment fails for want of an answer only when none can come any more: after requests have
    been repeated for `retry_seconds`, Stripe is asked for the PaymentIntent. If it has none, no
    further request is ever made, and after `settle_seconds` Stripe is asked again: a request that
    we gave up on may have been in work until then. If Stripe cannot be asked, the payment waits.
    """

    def __init__(self, gateway: Gateway, patience: Patience) -> None:
        self._gateway = gateway
        self._patience = patience

    async def authorize(self, lease: Lease, current: Current) -> Result:
        """Ask Stripe for the hold, or for what became of it.

        Raises:
            LeaseLost: See `Patience.ask`.
        """
        answer = await self._patience.ask(current, lambda: self._gateway.authorize(lease.payment))
        if not isinstance(answer, (Open, Unknown)):
            return _decided(lease, answer)
        return await self._look_up(lease, _explain(answer))

    async def _look_up(self, lease: Lease, unknown: str) -> Result:
        finding = await self._gateway.find(lease.payment, lease.age_seconds)
        match finding:
            case Unknown(reason):
                return self._patience.postpone(lease, f"{unknown}; not found out: {reason}")
            case Open(payment_intent_id, "processing"):
                return self._patience.postpone(lease, f"{payment_intent_id} is processing")
            case Open() if lease.settled:
                return _decided(lease, _never_confirmed(finding))
            case Absent() if lease.settled:
                return _decided(lease, StripeUnavailable(f"Last: {unknown}."))
            case Open() | Absent():
                return self._patience.settle(lease, f"{unknown}; {_explain(finding)}")
            case _:
                return _decided(lease, finding)


def _decided(lease: Lease, outcome: Outcome) -> Decided:
    return Decided(lease, verdict_of(outcome))


def _never_confirmed(intent: Open) -> Outcome:
    return InvalidRequest(
        f"The PaymentIntent stayed {intent.status}.", payment_intent_id=intent.payment_intent_id
    )


def _explain(answer: Open | Unknown | Absent) -> str:
    match answer:
        case Unknown(reason):
            return reason
        case Open(payment_intent_id, status):
            return f"{payment_intent_id} is {status}"
        case Absent():
            return "Stripe has no PaymentIntent"
