"""What every test may ask for: payments, and a fake of each port."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from payment_service.errors import LeaseLost
from payment_service.executor.authorize import Authorizer
from payment_service.executor.retry import Patience
from payment_service.model.authorization import (
    Authorized,
    Declined,
    InvalidCustomer,
    Outcome,
    Payment,
    PaymentMethodNotFound,
)
from payment_service.model.failures import verdict_of
from payment_service.model.payment import KnownPayment, Refund, RefundStatus, Status
from payment_service.model.ports import (
    Absent,
    Answer,
    Decided,
    Finding,
    Lease,
    Postponed,
    Result,
    Settled,
    Token,
    Unknown,
)
from payment_service.model.stripe_results import Missing, Refused, Returned, Seen
from saga_schemas.settlement import PaymentRefundFailedPayload

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


def make_payment(**changes: Any) -> Payment:
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
    return Payment(**{**defaults, **changes})


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = 10) -> T:
    """What `look` finds, as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)
    return found


class FakeGateway:
    """Stripe, in memory. `faults` come first: each is an answer, and whether the work is done."""

    def __init__(self) -> None:
        self.customers = {"cus_1"}
        self.outcomes: dict[str, Outcome] = {}
        self.faults: list[tuple[Unknown, bool]] = []
        self.finding: Finding | None = None
        self.settlements: list[Unknown] = []
        self.holds: dict[str, Seen] = {}
        self.keys: list[str] = []
        self.ages: list[float] = []

    async def authorize(self, payment: Payment) -> Answer:
        self.keys.append(payment.idempotency_key)
        fault, done = self.faults.pop(0) if self.faults else (None, True)
        if done:
            outcome = self.outcomes.setdefault(payment.idempotency_key, self._outcome(payment))
            if isinstance(outcome, Authorized):
                intent_id, amount = outcome.payment_intent_id, payment.amount
                self.holds.setdefault(intent_id, Seen(intent_id, "requires_capture", amount))
        return fault or self.outcomes[payment.idempotency_key]

    async def find(self, payment: Payment, age_seconds: float) -> Finding:
        self.ages.append(age_seconds)
        outcome = self.outcomes.get(payment.idempotency_key)
        left_behind = isinstance(outcome, Authorized | Declined)
        return self.finding or (outcome if outcome and left_behind else Absent())

    async def capture(self, lease: Lease) -> Settled:
        self.keys.append(lease.idempotency_key)
        hold = self.holds[lease.payment_intent_id]
        if hold.is_held and lease.operation.amount > lease.payment.amount:
            return Refused("amount_too_large", "Too much.", "amount_too_large")
        return self._end(lease, status="succeeded", amount_received=lease.operation.amount)

    async def cancel(self, lease: Lease) -> Settled:
        self.keys.append(lease.idempotency_key)
        return self._end(lease, status="canceled")

    def _end(self, lease: Lease, **changes: Any) -> Settled:
        if self.settlements:
            return self.settlements.pop(0)
        hold = self.holds[lease.payment_intent_id]
        if hold.is_held:
            hold = self.holds[lease.payment_intent_id] = replace(hold, **changes)
        return hold

    async def look(self, payment_intent_id: str) -> Seen | Missing | Unknown:
        return self.holds.get(payment_intent_id) or Missing("No such payment_intent")

    async def refund(self, lease: Lease) -> Returned | Refused | Unknown:
        self.keys.append(lease.idempotency_key)
        if self.settlements:
            return self.settlements.pop(0)
        hold = self.holds[lease.payment_intent_id]
        made = {each.refund_id: each for each in hold.refunds or ()}
        asked = lease.operation
        if asked.refund_id not in made:
            if hold.amount_refunded + asked.amount > hold.amount_received:
                return Refused("amount_too_large", "Too much.")
            made[asked.refund_id] = Returned(f"re_{uuid4().hex}", asked.amount, asked.refund_id)
        total = sum(each.amount for each in made.values())
        refunded = replace(hold, refunds=list(made.values()), amount_refunded=total)
        self.holds[lease.payment_intent_id] = refunded
        return made[asked.refund_id]

    async def find_refund(
        self, payment_intent_id: str, refund_id: str
    ) -> Returned | Absent | Unknown:
        refunds = self.holds[payment_intent_id].refunds or ()
        return next((each for each in refunds if each.refund_id == refund_id), Absent())

    def _outcome(self, payment: Payment) -> Outcome:
        if payment.stripe_customer_id not in self.customers:
            return InvalidCustomer("No such customer", "resource_missing")
        card = CARDS.get(payment.payment_method_id or "")
        return card() if card else PaymentMethodNotFound("No such", "resource_missing")


class FakeWork:
    """The pending payments, in memory."""

    def __init__(self, lease_seconds: float) -> None:
        self.lease_seconds = lease_seconds
        self.pending: dict[str, Lease] = {}
        self.next_try_at: dict[str, float] = {}
        self.settle_after: dict[str, float] = {}
        self.results: list[Result] = []
        self.writes = 0
        self.follow_ups = 0  # how many ends begin what waited for them

    def put(self, payment: Payment) -> Lease:
        return self._lease(Lease(payment))

    def is_due(self, lease: Lease) -> bool:
        return self.next_try_at[lease.payment.saga_id] <= time.monotonic()

    async def take(self, limit: int) -> Sequence[Lease]:
        now = time.monotonic()
        due = [lease for lease in self.pending.values() if self.is_due(lease)]
        return [self._lease(self._taken(lease, now)) for lease in due[:limit]]

    async def renew(self, leases: Sequence[Lease]) -> dict[Token, bool]:
        return {self._lease(lease).token: False for lease in leases if self._stands(lease)}

    async def give_back(self, leases: Sequence[Lease]) -> None:
        for lease in filter(self._stands, leases):
            self.next_try_at[lease.payment.saga_id] = time.monotonic()

    async def write(self, results: Sequence[Result]) -> list[Lease | bool]:
        self.writes += 1
        return [self._write(result) for result in results]

    def _taken(self, lease: Lease, now: float) -> Lease:
        end = self.settle_after.get(lease.payment.saga_id)
        return replace(
            lease,
            attempts=lease.attempts + 1,
            settling=end is not None,
            settled=end is not None and end <= now,
        )

    def _lease(self, lease: Lease) -> Lease:
        self.pending[lease.payment.saga_id] = lease
        self.next_try_at[lease.payment.saga_id] = time.monotonic() + self.lease_seconds
        return lease

    def _stands(self, lease: Lease) -> bool:
        newest = self.pending.get(lease.payment.saga_id)
        return newest is not None and newest.attempts == lease.attempts

    def _write(self, result: Result) -> Lease | bool:
        if not self._stands(result.lease):
            return False
        saga_id = result.lease.payment.saga_id
        self.results.append(result)
        match result:
            case Decided(lease) if self.follow_ups:
                self.follow_ups -= 1
                return self._lease(replace(lease, attempts=lease.attempts + 1))
            case Decided():
                del self.pending[saga_id]
            case Postponed(reason=reason, pause_seconds=pause_seconds, settle=settle):
                end = self.next_try_at[saga_id] = time.monotonic() + pause_seconds
                self.pending[saga_id] = replace(self.pending[saga_id], last_error=reason)
                if settle:
                    self.settle_after.setdefault(saga_id, end)
        return True


FAILURES = {
    "failed": verdict_of(Declined("No.")),
    "refund": PaymentRefundFailedPayload(
        code="charge_disputed", message="No.", refund_id="refund-failed"
    ),
}
OUTCOMES: dict[str, dict[str, Any]] = {
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
def known_in():
    """A payment of 1299 in a state: captured, it has a refund that was made and one that failed."""

    def known_in(state: str, **changes: Any) -> KnownPayment:
        payment = make_payment(saga_id="saga-1")
        known = KnownPayment("saga-1", payment, Status(state), "pi_1", attempts=3)
        return replace(known, **{**OUTCOMES[state], **changes})

    return known_in


@pytest.fixture(name="make_payment")
def _make_payment() -> Callable[..., Payment]:
    return make_payment


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Awaitable[Any]]:
    return eventually


@pytest.fixture
def fake_gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def patience():
    return Patience(retry_seconds=1.5, settle_seconds=90, pause_seconds=5, pause_max_seconds=60)


@pytest.fixture
def authorizer(fake_gateway, patience):
    return Authorizer(fake_gateway, patience)


@pytest.fixture
def authorize(authorizer):
    async def authorize(lease, may_ask=lambda: True):
        def current():
            if not may_ask():
                raise LeaseLost(lease.payment.saga_id)
            return lease

        return await authorizer.authorize(lease, current)

    return authorize


@pytest.fixture
def fake_work() -> Callable[[float], FakeWork]:
    return FakeWork
