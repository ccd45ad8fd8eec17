"""What the use cases need of the world, and what it answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from payment_service.domain import Outcome, Payment, Verdict


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


class Gateway(Protocol):
    """Stripe. Neither method raises for what Stripe or the network does."""

    async def authorize(self, payment: Payment) -> Answer:
        """Ask once for the hold. Asked again it makes no second one: the key is the same."""
        ...

    async def find(self, payment: Payment, age_seconds: float) -> Finding:
        """Look for the payment's PaymentIntent; nothing is changed.

        Args:
            payment: What was asked for.
            age_seconds: For how long it has been, so that not the whole past is searched.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """A payment that one executor works on.

    Attributes:
        attempts: How often an executor took the payment, this time included: the fencing token.
            What an executor writes under an older token has no effect.
        age_seconds: Since the payment was stored, so at least since the first request for it.
        settling: No more requests are made for the payment; it is looked up only.
        settled: And the time in which a PaymentIntent could still appear is over.
        last_error: Why it was postponed the last time.
    """

    payment: Payment
    attempts: int = 1
    age_seconds: float = 0.0
    settling: bool = False
    settled: bool = False
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The payment's end."""

    lease: Lease
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is known yet; the payment is taken up again after a pause.

    Attributes:
        settle: From now on no more requests are made for the payment.
    """

    lease: Lease
    reason: str
    pause_seconds: float
    settle: bool = False


Result: TypeAlias = Decided | Postponed


class Work(Protocol):
    """The payments that are pending, leased to executors. Times are the database's."""

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease payments that are due. Two executors never take the same lease."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> Collection[str]:
        """Extend leases by their whole time. Returns the saga ids of those that still stood."""
        ...

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """Let others take these payments at once."""
        ...

    async def write(self, results: Sequence[Result]) -> Sequence[bool]:
        """Store results, and the replies of those that end a payment, in one transaction.

        Returns:
            For each result whether it had an effect: the first end of a payment has, under the
            newest lease. The replies are on their way to Kafka.
        """
        ...
