"""Every message that an order can receive, with default payloads for tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from order_saga.create_order.messages import (
    CancelRequested,
    CaptureRequested,
    PlaceOrder,
    RefundRequested,
)
from order_saga.create_order.state import OrderSaga, State, new_saga
from order_saga.runtime.ports import Placement
from saga_engine.decide import Decision, start
from saga_engine.declaration import Definition
from saga_engine.messages import DeadlinePassed, ResolveRequested, RetryRequested
from saga_schemas import Envelope
from saga_schemas.payment import PaymentAuthorized, PaymentFailed
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved
from saga_schemas.values import OrderDetails

from saga_testing.happy_path import happy_path
from saga_testing.versions import NEWEST

CARD = {"payment_method_id": "pm_card_visa", "card_type": "visa", "last_four": "4242"}
DECLINED = {
    "code": "card_declined",
    "message": "Your card was declined.",
    "decline_code": "generic_decline",
    "advice_code": "try_again_later",
    "payment_intent_id": "pi_1",
}
REFUSED = {"code": "invalid_request", "message": "Stripe refused."}
MONEY = {"payment_intent_id": "pi_1", "currency": "usd"}

PAYLOADS: dict[str, dict[str, Any]] = {
    "user.payment_info_failed": {
        "code": "user_not_found",
        "message": "There is no user user_1.",
        "cure": "Create it.",
        "clerkUserId": "user_1",
    },
    "payment.authorized": {**MONEY, "amount": 1299, "capture_before": "2026-02-08T12:00:00Z"},
    "payment.failed": DECLINED,
    "payment.captured": {**MONEY, "amount": 1299},
    "payment.capture_failed": REFUSED,
    "payment.canceled": {**MONEY, "released": 1299},
    "payment.cancel_failed": {**REFUSED, "code": "already_captured"},
    "payment.authorization_expired": {**MONEY, "released": 1299},
    "payment.refunded": {"stripe_refund_id": "re_1", "amount": 1299},
    "payment.refund_failed": {**REFUSED, "refund_id": "refund_1"},
    "payment.disputed": {"dispute_id": "dp_1", "amount": 1299},
    "capture_requested": {},
    "cancel_requested": {},
    "refund_requested": {},
    "retry_requested": {"by": "operator"},
    "resolve_requested": {"by": "operator", "as": "canceled"},
}
"""The default payload of each message, by its type."""

TYPES: dict[str, type[Envelope]] = {
    message.model_fields["type"].default: message
    for message in (
        *USER_EVENTS.messages,
        *PAYMENT_EVENTS.messages,
        PlaceOrder,
        DeadlinePassed,
        CaptureRequested,
        CancelRequested,
        RefundRequested,
        RetryRequested,
        ResolveRequested,
    )
}
"""The class of every message that a saga can receive, by its type."""

PARTICIPANT_EVENTS = {
    message.model_fields["type"].default
    for message in (*USER_EVENTS.messages, *PAYMENT_EVENTS.messages)
}
"""The type of every message that the participants send, solicited or not."""


def begin(definition: Definition, message: PlaceOrder, now: datetime) -> Decision[OrderSaga]:
    """Start the saga of an order that was placed."""
    return start(definition, new_saga(definition, message), now)


class Messages:
    """Messages to one order; each call returns a new message with its own id."""

    def __init__(self, saga_id: str | None = None, clerk_user_id: str = "user_1") -> None:
        self.saga_id = saga_id or str(uuid4())
        self.clerk_user_id = clerk_user_id
        self.order = OrderDetails(amount=1299, currency="usd", description="Food delivery order")

    def of(self, type_: str, **changes: Any) -> Any:
        """Return a message of this type; `changes` replace fields of its default payload."""
        payload = PAYLOADS.get(type_, {})
        if type_ == "user.payment_info_retrieved":
            payload = {"customer": self._customer(), "order": self.order}
        if "clerkUserId" in payload:
            payload = {**payload, "clerkUserId": self.clerk_user_id}
        if type_ == "place_order":
            payload = {"clerk_user_id": self.clerk_user_id, "order": self.order}
        return self._message(TYPES[type_], {**payload, **changes})

    def replies_until(self, state: str, definition: Definition = NEWEST) -> list[Envelope]:
        """Return the replies that move a new order along the happy path to a state."""
        return [self.of(edge.by, attempt=1) for edge in happy_path(state, definition)]

    def place_order(self, *, key: str | None = None, digest: str = "digest") -> Placement:
        return Placement(self.of("place_order"), key, digest)

    def info_retrieved(self, attempt: int | None = 1, **changes: Any) -> PaymentInfoRetrieved:
        return self.of("user.payment_info_retrieved", attempt=attempt, **changes)

    def info_failed(self, attempt: int | None = 1) -> PaymentInfoFailed:
        return self.of("user.payment_info_failed", attempt=attempt)

    def payment_authorized(self, attempt: int | None = 1, **changes: Any) -> PaymentAuthorized:
        return self.of("payment.authorized", attempt=attempt, **changes)

    def payment_failed(self, attempt: int | None = 1) -> PaymentFailed:
        return self.of("payment.failed", attempt=attempt)

    def deadline(self, state: State, attempt: int = 1) -> DeadlinePassed:
        return self.of("deadline_passed", state=state, attempt=attempt)

    def _customer(self) -> dict[str, Any]:
        return {
            "clerkUserId": self.clerk_user_id,
            "stripeCustomerId": "cus_1",
            "userStripeCard": CARD,
        }

    def _message(self, message: type[Envelope], payload: dict[str, Any]) -> Any:
        return message.model_validate(
            {
                "type": message.model_fields["type"].default,
                "correlation_id": self.saga_id,
                "timestamp": datetime.now(UTC),
                "payload": payload,
                "source": message.model_fields["source"].default,
                "message_id": uuid4(),
            }
        )
