"""Fixtures for all tests: payments, and a fake of each port."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from payment_service.errors import LeaseLost
from payment_service.executor.perform import perform
from payment_service.executor.retry import RetryPolicy
from payment_service.model.authorization import (
    AuthorizationRequest,
    Authorized,
    Declined,
    InvalidCustomer,
    Outcome,
    PaymentMethodNotFound,
)
from payment_service.model.failures import authorization_result
from payment_service.model.lease import Lease, Token
from payment_service.model.payment import Payment, PaymentStatus, Refund, RefundStatus
from payment_service.model.ports import (
    Absent,
    AuthorizeResponse,
    Completed,
    HoldResponse,
    LookupResult,
    Postponed,
    Progress,
    RefundResponse,
    Unknown,
)
from payment_service.model.stripe_results import (
    IntentSnapshot,
    NotFound,
    RefundSnapshot,
    Rejected,
)
from saga_schemas.payment_lifecycle import PaymentRefundFailedPayload

T = TypeVar("T")
CARDS: dict[str, Callable[[], Outcome]] = {
    "pm_card_visa": lambda: Authorized(f"pi_{uuid4().hex}"),
    "pm_card_chargeDeclined": lambda: Declined(
        "Your card was declined.",
        "card_declined",
        "generic_decline",
        "try_again_later",
        f"pi_{uuid4().hex}",
    ),
}


def make_request(**changes: Any) -> AuthorizationRequest:
    defaults: dict[str, Any] = {
        "saga_id": f"saga-{uuid4()}",
        "attempt": 1,
        "command_id": uuid4(),
        "clerk_user_id": "user_1",
        "stripe_customer_id": "cus_1",
        "payment_method_id": "pm_card_visa",
        "amount": 1299,
        "currency": "usd",
        "description": "Food delivery order",
    }
    return AuthorizationRequest(**{**defaults, **changes})


async def eventually(poll: Callable[[], Awaitable[T]], seconds: float = 60) -> T:
    """Poll until the result is truthy, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := await poll()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)
    return found


class FakeGateway:
    """Stripe in memory.

    Attributes:
        faults: The responses of the next authorizations, each with whether the work is done.
        hold_faults: The responses of the next captures, cancellations and refunds; not done.
        found: The result of lookups, instead of the actual one.
        keys: The idempotency keys of all requests.
        lookup_ages: The ages passed to lookups.
    """

    def __init__(self) -> None:
        self.customers = {"cus_1"}
        self.outcomes: dict[str, Outcome] = {}
        self.faults: list[tuple[Unknown, bool]] = []
        self.hold_faults: list[Unknown] = []
        self.found: LookupResult | None = None
        self.holds: dict[str, IntentSnapshot] = {}
        self.keys: list[str] = []
        self.lookup_ages: list[float] = []

    async def authorize(self, request: AuthorizationRequest) -> AuthorizeResponse:
        self.keys.append(request.idempotency_key)
        fault, done = self.faults.pop(0) if self.faults else (None, True)
        if done:
            outcome = self.outcomes.setdefault(request.idempotency_key, self._outcome(request))
            if isinstance(outcome, Authorized):
                intent_id = outcome.payment_intent_id
                hold = IntentSnapshot(intent_id, "requires_capture", request.amount)
                self.holds.setdefault(intent_id, hold)
        return fault or self.outcomes[request.idempotency_key]

    async def find(self, request: AuthorizationRequest, age_seconds: float) -> LookupResult:
        self.lookup_ages.append(age_seconds)
        outcome = self.outcomes.get(request.idempotency_key)
        has_intent = isinstance(outcome, Authorized | Declined)
        return self.found or (outcome if outcome and has_intent else Absent())

    async def capture(self, lease: Lease) -> HoldResponse:
        self.keys.append(lease.idempotency_key)
        hold = self.holds[lease.payment_intent_id]
        if hold.is_held and lease.operation.amount > lease.request.amount:
            return Rejected("amount_too_large", "Too much.", "amount_too_large")
        return self._end(lease, status="succeeded", amount_received=lease.operation.amount)

    async def cancel(self, lease: Lease) -> HoldResponse:
        self.keys.append(lease.idempotency_key)
        return self._end(lease, status="canceled")

    def _end(self, lease: Lease, **changes: Any) -> HoldResponse:
        if self.hold_faults:
            return self.hold_faults.pop(0)
        hold = self.holds[lease.payment_intent_id]
        if hold.is_held:
            hold = self.holds[lease.payment_intent_id] = replace(hold, **changes)
        return hold

    async def fetch(self, payment_intent_id: str) -> IntentSnapshot | NotFound | Unknown:
        return self.holds.get(payment_intent_id) or NotFound("No such payment_intent")

    async def refund(self, lease: Lease) -> RefundResponse:
        self.keys.append(lease.idempotency_key)
        if self.hold_faults:
            return self.hold_faults.pop(0)
        hold = self.holds[lease.payment_intent_id]
        refunds = {refund.refund_id: refund for refund in hold.refunds or ()}
        operation = lease.operation
        if operation.refund_id not in refunds:
            if hold.amount_refunded + operation.amount > hold.amount_received:
                return Rejected("amount_too_large", "Too much.")
            refunds[operation.refund_id] = RefundSnapshot(
                f"re_{uuid4().hex}", operation.amount, operation.refund_id
            )
        total = sum(refund.amount for refund in refunds.values())
        refunded = replace(hold, refunds=list(refunds.values()), amount_refunded=total)
        self.holds[lease.payment_intent_id] = refunded
        return refunds[operation.refund_id]

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> RefundSnapshot | Absent | Unknown:
        refunds = self.holds[payment_intent_id].refunds or ()
        return next((refund for refund in refunds if refund.refund_id == refund_id), Absent())

    def _outcome(self, request: AuthorizationRequest) -> Outcome:
        if request.stripe_customer_id not in self.customers:
            return InvalidCustomer("No such customer", "resource_missing")
        card = CARDS.get(request.payment_method_id or "")
        return card() if card else PaymentMethodNotFound("No such", "resource_missing")


class FakeLeaseStore:
    """The operations in progress, in memory.

    Attributes:
        follow_ups: How many completed operations begin a waiting one.
    """

    def __init__(self, lease_seconds: float) -> None:
        self.lease_seconds = lease_seconds
        self.pending: dict[str, Lease] = {}
        self.next_try_at: dict[str, float] = {}
        self.verified_at: dict[str, float] = {}
        self.progress: list[Progress] = []
        self.writes = 0
        self.follow_ups = 0

    def put(self, request: AuthorizationRequest) -> Lease:
        return self._lease(Lease(request))

    def is_due(self, lease: Lease) -> bool:
        return self.next_try_at[lease.saga_id] <= time.monotonic()

    async def take(self, limit: int) -> Sequence[Lease]:
        now = time.monotonic()
        due = [lease for lease in self.pending.values() if self.is_due(lease)]
        return [self._lease(self._taken(lease, now)) for lease in due[:limit]]

    async def renew(self, leases: Sequence[Lease]) -> dict[Token, bool]:
        return {self._lease(lease).token: False for lease in leases if self._is_valid(lease)}

    async def start(self, leases: Sequence[Lease]) -> list[bool | None]:
        started = [self._is_valid(lease) for lease in leases]
        for lease, valid in zip(leases, started, strict=True):
            if valid:
                self._lease(replace(self.pending[lease.saga_id], unsent=False))
        return [False if valid else None for valid in started]

    async def give_back(self, leases: Sequence[Lease]) -> None:
        for lease in filter(self._is_valid, leases):
            self.next_try_at[lease.saga_id] = time.monotonic()

    async def write(self, progress: Sequence[Progress]) -> list[Lease | bool]:
        self.writes += 1
        return [self._write(item) for item in progress]

    def _taken(self, lease: Lease, now: float) -> Lease:
        end = self.verified_at.get(lease.saga_id)
        return replace(
            lease,
            attempts=lease.attempts + 1,
            verifying=end is not None,
            verified=end is not None and end <= now,
        )

    def _lease(self, lease: Lease) -> Lease:
        self.pending[lease.saga_id] = lease
        self.next_try_at[lease.saga_id] = time.monotonic() + self.lease_seconds
        return lease

    def _is_valid(self, lease: Lease) -> bool:
        newest = self.pending.get(lease.saga_id)
        return newest is not None and newest.attempts == lease.attempts

    def _write(self, progress: Progress) -> Lease | bool:
        if not self._is_valid(progress.lease):
            return False
        saga_id = progress.lease.saga_id
        self.progress.append(progress)
        match progress:
            case Completed(lease) if self.follow_ups:
                self.follow_ups -= 1
                return self._lease(replace(lease, attempts=lease.attempts + 1))
            case Completed():
                del self.pending[saga_id]
            case Postponed(reason=reason, pause_seconds=pause_seconds, verify=verify):
                end = self.next_try_at[saga_id] = time.monotonic() + pause_seconds
                self.pending[saga_id] = replace(self.pending[saga_id], last_error=reason)
                if verify:
                    self.verified_at.setdefault(saga_id, end)
        return True


FAILURES = {
    "failed": authorization_result(Declined("No.")),
    "refund": PaymentRefundFailedPayload(
        code="charge_disputed", message="No.", refund_id="refund-failed"
    ),
}
FIELDS: dict[str, dict[str, Any]] = {
    "pending": {"payment_intent_id": None},
    "authorized": {},
    "failed": {"payment_intent_id": None, "failure": FAILURES["failed"]},
    "captured": {
        "captured": 1000,
        "released": 299,
        "refunds": (
            Refund("refund-done", 200, RefundStatus.REFUNDED, "re_1"),
            Refund("refund-failed", 9, RefundStatus.FAILED, None, FAILURES["refund"]),
        ),
    },
    "canceled": {"released": 1299},
    "expired": {"released": 1299},
}


@pytest.fixture
def payment_in():
    """Make a payment of 1299 in a status; a captured one has a successful and a failed refund."""

    def payment_in(status: str, **changes: Any) -> Payment:
        request = make_request(saga_id="saga-1")
        payment = Payment("saga-1", request, PaymentStatus(status), "pi_1", attempts=3)
        return replace(payment, **{**FIELDS[status], **changes})

    return payment_in


@pytest.fixture(name="make_request")
def _make_request() -> Callable[..., AuthorizationRequest]:
    return make_request


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Awaitable[Any]]:
    return eventually


@pytest.fixture
def fake_gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def fake_lease_store() -> Callable[[float], FakeLeaseStore]:
    return FakeLeaseStore


@pytest.fixture
def perform_lease(fake_gateway):
    """Perform a lease at the fake gateway; `is_valid` is the current validity of the lease."""
    policy = RetryPolicy(
        retry_seconds=1.5, verify_seconds=90, pause_seconds=5, pause_max_seconds=60
    )
    bound = functools.partial(perform, fake_gateway, policy)

    async def perform_lease(lease, is_valid=lambda: True):
        def current():
            if not is_valid():
                raise LeaseLost(lease.saga_id)
            return lease

        return await bound(lease, current)

    return perform_lease
