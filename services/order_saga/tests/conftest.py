"""An order's messages, and the sagas in memory: what every test of the orchestrator may ask for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from order_saga.create_order import create_order
from order_saga.definition import Definition
from order_saga.domain import (
    DeadlinePassed,
    DeadlinePayload,
    OrderSaga,
    PlaceOrder,
    PlaceOrderPayload,
    State,
)
from order_saga.ports import Placement
from order_saga.step_times import StepTimes
from saga_schemas import Envelope
from saga_schemas.envelope import derived_message_id
from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.settlement import (
    PaymentCanceled,
    PaymentCancelFailed,
    PaymentCaptured,
    PaymentRefunded,
)
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved
from saga_schemas.values import OrderDetails

CARD = {"payment_method_id": "pm_card_visa", "card_type": "visa", "last_four": "4242"}


class Messages:
    """Everything that can reach one order. Each call makes a message with an id of its own."""

    def __init__(self, saga_id: str | None = None, clerk_user_id: str = "user_1") -> None:
        self.saga_id = saga_id or str(uuid4())
        self.clerk_user_id = clerk_user_id
        self.order = OrderDetails(amount=1299, currency="usd", description="Food delivery order")

    def place_order(self, *, key: str | None = None, digest: str = "digest") -> Placement:
        payload = PlaceOrderPayload(clerk_user_id=self.clerk_user_id, order=self.order)
        return Placement(self._message(PlaceOrder, payload.model_dump()), key, digest)

    def info_retrieved(self, attempt: int | None = 1, **changes: Any) -> PaymentInfoRetrieved:
        customer = {
            "clerkUserId": self.clerk_user_id,
            "stripeCustomerId": "cus_1",
            "userStripeCard": CARD,
        }
        payload = {"customer": customer, "order": self.order, "attempt": attempt}
        return self._message(PaymentInfoRetrieved, payload | changes)

    def info_failed(self, attempt: int | None = 1) -> PaymentInfoFailed:
        payload = {
            "code": "user_not_found",
            "message": "There is no user user_1.",
            "cure": "Create it.",
            "clerkUserId": self.clerk_user_id,
            "attempt": attempt,
        }
        return self._message(PaymentInfoFailed, payload)

    def payment_authorized(self, attempt: int | None = 1, **changes: Any) -> PaymentAuthorized:
        payload = {
            "payment_intent_id": "pi_1",
            "amount": 1299,
            "currency": "usd",
            "capture_before": "2026-02-08T12:00:00Z",
            "attempt": attempt,
        }
        return self._message(PaymentAuthorized, payload | changes)

    def payment_failed(self, attempt: int | None = 1) -> PaymentFailed:
        payload = {
            "code": "card_declined",
            "message": "Your card was declined.",
            "decline_code": "generic_decline",
            "advice_code": "try_again_later",
            "payment_intent_id": "pi_1",
            "attempt": attempt,
        }
        return self._message(PaymentFailed, payload)

    def payment_captured(self, attempt: int | None = 1, **changes: Any) -> PaymentCaptured:
        payload = {"payment_intent_id": "pi_1", "amount": 1299, "attempt": attempt}
        return self._message(PaymentCaptured, payload | changes)

    def payment_canceled(self, attempt: int | None = 1, **changes: Any) -> PaymentCanceled:
        payload = {"payment_intent_id": "pi_1", "released": 1299, "attempt": attempt}
        return self._message(PaymentCanceled, payload | changes)

    def payment_cancel_failed(self, attempt: int | None = 1) -> PaymentCancelFailed:
        payload = {"code": "invalid_request", "message": "Stripe said no.", "attempt": attempt}
        return self._message(PaymentCancelFailed, payload)

    def payment_refunded(
        self, refund_id: str | None, attempt: int | None = 1, **changes: Any
    ) -> PaymentRefunded:
        payload = {
            "refund_id": refund_id,
            "stripe_refund_id": "re_1",
            "amount": 1299,
            "attempt": attempt,
        }
        return self._message(PaymentRefunded, payload | changes)

    def deadline(self, state: State, attempt: int = 1) -> DeadlinePassed:
        payload = DeadlinePayload(state=state, attempt=attempt)
        return self._message(DeadlinePassed, payload.model_dump())

    def _message(self, message: type[Envelope], payload: dict[str, Any]) -> Any:
        return message.model_validate(
            {
                "type": message.model_fields["type"].default,
                "correlation_id": self.saga_id,
                "timestamp": datetime.now(UTC),
                "payload": payload,
                "source": "test",
                "message_id": uuid4(),
            }
        )


class FakeSagas:
    """`ports.Sagas` in memory, with a clock that the test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 2, 1, 12, tzinfo=UTC)
        self.rows: dict[str, OrderSaga] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.saved: list[OrderSaga] = []
        self.taken: dict[UUID, tuple[Any, str]] = {}

    def now(self) -> datetime:
        return self.time

    def add(self, new: Sequence[tuple[Placement, OrderSaga]]) -> Collection[str]:
        return [saga.id for placement, saga in new if self._add(placement, saga)]

    def _add(self, placement: Placement, saga: OrderSaga) -> bool:
        key = placement.idempotency_key
        if saga.id in self.rows or key in self.keys:
            return False
        self.rows[saga.id] = saga
        if key:
            self.keys[key] = (saga.id, placement.digest)
        return True

    def placed(self, idempotency_keys: Collection[str]) -> Mapping[str, tuple[OrderSaga, str]]:
        found = {key: self.keys[key] for key in idempotency_keys if key in self.keys}
        return {key: (self.rows[saga_id], digest) for key, (saga_id, digest) in found.items()}

    def lock(self, saga_ids: Collection[str]) -> Mapping[str, OrderSaga]:
        return {saga_id: self.rows[saga_id] for saga_id in saga_ids if saga_id in self.rows}

    def earlier(self, message_id: UUID) -> tuple[Any, str] | None:
        return self.taken.get(message_id)

    def save(self, sagas: Sequence[OrderSaga]) -> None:
        self.saved.extend(sagas)
        self.rows |= {saga.id: saga for saga in sagas}

    def due(self, limit: int) -> Sequence[DeadlinePassed]:
        timed = [(saga.deadline_at, saga) for saga in self.rows.values() if saga.deadline_at]
        due = [(at, saga) for at, saga in timed if at <= self.time and not saga.overdue]
        ordered = sorted(due, key=lambda each: each[0])[:limit]
        return [
            DeadlinePassed(
                correlation_id=saga.id,
                message_id=derived_message_id(saga.id, saga.state, saga.attempt, "deadline"),
                payload=DeadlinePayload(state=saga.state, attempt=saga.attempt),
            )
            for _, saga in ordered
        ]


@pytest.fixture
def definition() -> Definition:
    return create_order(StepTimes())


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture(scope="session")
def new_messages() -> Callable[..., Messages]:
    """Messages of one more order."""
    return Messages


@pytest.fixture
def fake_sagas() -> FakeSagas:
    return FakeSagas()
