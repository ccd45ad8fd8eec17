"""Ports: the interfaces to Stripe and to the store of leased operations, and their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from payment_service.model.authorization import AuthorizationRequest, Outcome
from payment_service.model.lease import Lease, Token
from payment_service.model.stripe_results import (
    IntentSnapshot,
    NotFound,
    OperationResult,
    RefundSnapshot,
    Rejected,
)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A PaymentIntent that has not ended: there is no hold yet, and there may be one later."""

    payment_intent_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Stripe was read and has no such object."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No conclusive response: the request may or may not have had its effect.

    Attributes:
        retryable: The same request may be sent again immediately.
        retry_after_seconds: Stripe's `Retry-After`; 0 if it sent none.
    """

    reason: str
    retryable: bool = False
    retry_after_seconds: float = 0.0


AuthorizeResponse: TypeAlias = Outcome | Incomplete | Unknown
LookupResult: TypeAlias = Outcome | Incomplete | Absent | Unknown
HoldResponse: TypeAlias = IntentSnapshot | Rejected | Unknown
RefundResponse: TypeAlias = RefundSnapshot | Rejected | Unknown


class Gateway(Protocol):
    """Stripe. No method raises for errors of Stripe or the network.

    Methods that change something send one request. Calling them again changes nothing more,
    because the idempotency key is the same.
    """

    async def authorize(self, request: AuthorizationRequest) -> AuthorizeResponse:
        """Request the hold."""
        ...

    async def find(self, request: AuthorizationRequest, age_seconds: float) -> LookupResult:
        """Look up the PaymentIntent of a request of this age; read-only."""
        ...

    async def capture(self, lease: Lease) -> HoldResponse:
        """Capture the operation's amount; the rest of the hold is released."""
        ...

    async def cancel(self, lease: Lease) -> HoldResponse:
        """Release the hold."""
        ...

    async def refund(self, lease: Lease) -> RefundResponse:
        """Request the operation's refund."""
        ...

    async def fetch(self, payment_intent_id: str) -> IntentSnapshot | NotFound | Unknown:
        """Read a PaymentIntent, with its refunds if any was captured; read-only."""
        ...

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> RefundSnapshot | Absent | Unknown:
        """Look up the saga's refund; read-only."""
        ...


@dataclass(frozen=True, slots=True)
class Completed:
    """The operation has ended."""

    lease: Lease
    result: OperationResult


@dataclass(frozen=True, slots=True)
class Postponed:
    """The outcome is not known yet; the operation resumes after a pause.

    Attributes:
        verify: From now on no more requests are sent for it.
        new_key: Its key has a stored failure; it begins again under another key.
    """

    lease: Lease
    reason: str
    pause_seconds: float
    verify: bool = False
    new_key: bool = False


Progress: TypeAlias = Completed | Postponed


class LeaseStore(Protocol):
    """The operations in progress, leased to executors. Times are the database's."""

    async def take(self, limit: int) -> Sequence[Lease]:
        """Lease operations that are due. No two executors get the same lease."""
        ...

    async def renew(self, leases: Sequence[Lease]) -> Mapping[Token, bool]:
        """Extend leases by their full duration.

        Returns:
            The leases that were still valid, each with its current `cancel_requested`.
        """
        ...

    async def start(self, leases: Sequence[Lease]) -> Sequence[bool | None]:
        """Note durably that a request may be sent for each authorization; extend its lease.

        Returns:
            The current `cancel_requested` of each lease, in order; None for a lease that is no
            longer valid or whose operation has ended: no request may be sent.
        """
        ...

    async def give_back(self, leases: Sequence[Lease]) -> None:
        """End leases, so that other executors can take them immediately."""
        ...

    async def write(self, progress: Sequence[Progress]) -> Sequence[Lease | bool]:
        """Store progress, and the events of the operations that ended, in one transaction.

        Returns:
            One value for each item, in order. False: no effect, because the lease is not the
            newest or the operation has already ended. True: stored. A `Lease`: stored, and the
            next waiting operation has begun under this lease, which is the caller's.
        """
        ...
