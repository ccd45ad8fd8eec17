"""What the use cases need of the world, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from payment_service.model.authorization import Outcome, Payment
from payment_service.model.operations import Kind, Operation
from payment_service.model.payment import KnownPayment
from payment_service.model.stripe_results import Conclusion, Missing, Refused, Returned, Seen

Token: TypeAlias = tuple[str, int]
AUTHORIZE: Final = Operation(Kind.AUTHORIZE)


@dataclass(frozen=True, slots=True)
class Open:
    """Stripe has a PaymentIntent that has not ended: no hold stands, and one may still come."""

    payment_intent_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Stripe was asked and has no PaymentIntent of this payment."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stripe gave no answer that says what became of the request.

    Attributes:
        repeat: Whether the same request may be made again at once.
        retry_after_seconds: What Stripe asked to wait before that; 0 where it did not.
    """

    reason: str
    repeat: bool = False
    retry_after_seconds: float = 0.0


Answer: TypeAlias = Outcome | Open | Unknown
Finding: TypeAlias = Outcome | Open | Absent | Unknown
Settled: TypeAlias = Seen | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Lease:
    """An operation that one executor works on.

    Attributes:
        attempts: The fencing token: it grows with each lease of the payment. What an executor
            writes under an older token has no effect.
        age_seconds: Since the operation was begun, so at least since the first request for it.
        settling: No more requests are made for the operation; Stripe is only read.
        settled: And the time in which a request could still have an effect is over.
        halted: Someone waits to cancel: no further request is made, but its outcome is found out.
        last_error: Why it was postponed the last time.
    """

    payment: Payment
    attempts: int = 1
    age_seconds: float = 0.0
    settling: bool = False
    settled: bool = False
    halted: bool = False
    last_error: str | None = None
    operation: Operation = AUTHORIZE
    payment_intent_id: str = ""
    key_round: int = 1

    @classmethod
    def of_begun(
        cls, changed: Sequence[KnownPayment], before: Mapping[str, KnownPayment]
    ) -> "list[Lease]":
        """The leases of what these payments have just begun."""
        return [
            cls(
                known.payment,
                known.attempts,
                halted=is_halted(known.operation, known.waiting),
                operation=known.operation,
                payment_intent_id=known.payment_intent_id or "",
                key_round=known.key_round,
            )
            for known in changed
            if known.payment
            and known.operation
            and (known.is_new or known.attempts > before[known.saga_id].attempts)
        ]

    @property
    def token(self) -> Token:
        """What tells this lease from every other one."""
        return self.payment.saga_id, self.attempts

    @property
    def idempotency_key(self) -> str:
        """The same for every request that is made for the operation, whoever makes it."""
        return self.operation.idempotency_key(self.payment.saga_id, self.key_round)


def is_halted(operation: Operation, waiting: Sequence[Operation]) -> bool:
    """Whether a hold is being made or captured that is to be canceled."""
    halts = operation.kind in {Kind.AUTHORIZE, Kind.CAPTURE}
    return halts and any(each.kind is Kind.CANCEL for each in waiting)


class Gateway(Protocol):
    """Stripe. No method raises for what Stripe or the network does.

    Those that change something ask once; asked again they change nothing more, since the key is
    the same.
    """

    async def authorize(self, payment: Payment) -> Answer:
        """Ask for the hold."""
        ...

    async def find(self, payment: Payment, age_seconds: float) -> Finding:
        """Look for the PaymentIntent of a payment that is as old as this; nothing is changed."""
        ...

    async def capture(self, lease: Lease) -> Settled:
        """Ask for the operation's amount of the hold; what is not taken is released."""
        ...

    async def cancel(self, lease: Lease) -> Settled:
        """Ask for the hold's release."""
        ...

    async def refund(self, lease: Lease) -> Returned | Refused | Unknown:
        """Ask for the operation's refund."""
        ...

    async def look(self, payment_intent_id: str) -> Seen | Missing | Unknown:
        """Read a PaymentIntent and, where any were made, its refunds; nothing is changed."""
        ...

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> Returned | Absent | Unknown:
        """Look for the saga's refund; nothing is changed."""
        ...


@dataclass(frozen=True, slots=True)
class Decided:
    """The operation's end."""

    lease: Lease
    verdict: Conclusion


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is known yet; the operation is taken up again after a pause.

    Attributes:
        settle: From now on no more requests are made for it.
        new_key: Its key has kept a failure: it is begun again under another one.
    """

    lease: Lease
    reason: str
    pause_seconds: float
    settle: bool = False
    new_key: bool = False


Result: TypeAlias = Decided | Postponed


class Work(Protocol):
    """The operations under way, leased to executors. Times are the database's."""

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease what is due. Two executors never take the same lease."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> Mapping[Token, bool]:
        """Extend leases by their whole time. Returns those that still stood: are they halted?"""
        ...

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take these at once."""
        ...

    async def write(self, results: Sequence[Result]) -> Sequence[Lease | bool]:
        """Store results, and the events of those that end an operation, in one transaction.

        Returns:
            For each result whether it had an effect: the first end of an operation has, under the
            newest lease; or the caller's lease of what had waited for that end and is begun now.
            The events are on their way to Kafka.
        """
        ...
