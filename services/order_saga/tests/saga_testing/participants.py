"""Models of the user and the payment service: the reply to each command, and the money it moves.

The payment service guarantees one row for a saga, one hold, one result of the authorization, and
executes a command only if its attempt is newer than all before of its type. A change at Stripe that
no command caused is an event without an attempt.
"""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

from saga_schemas import Envelope
from saga_schemas.user import PaymentInfoFailed, PaymentInfoRetrieved
from saga_schemas.values import Customer

from saga_testing.messages import TYPES

GONE = {"canceled", "expired", "failed"}
SAGA = "simulated"
UNKNOWN_CUSTOMERS = 0.03
"""The share of commands for which the user service has no customer."""


def make(type_: str, number: int, **payload: Any) -> Envelope:
    """Return a message without validating it: validation would take most of a history's time."""
    message = TYPES[type_]
    content = message.model_fields["payload"].annotation.model_construct(**payload)
    return message.model_construct(
        type=type_,
        correlation_id=SAGA,
        timestamp=None,
        payload=content,
        message_id=UUID(int=number),
        causation_id=None,
    )


class Users:
    """The user service: it has one customer, and for some commands, none."""

    def __init__(self, random: Random, customer: Customer) -> None:
        self._random, self._customer = random, customer

    def handle(self, command: Envelope, number: int) -> Envelope:
        attempt = command.payload.attempt
        if self._random.random() >= UNKNOWN_CUSTOMERS:
            found = {"customer": self._customer, "order": command.payload.order}
            return make(_type(PaymentInfoRetrieved), number, attempt=attempt, **found)
        failed = {"code": "user_not_found", "message": "No such user.", "cure": ""}
        return make(_type(PaymentInfoFailed), number, attempt=attempt, **failed)


class Payments:
    """The payment service: one saga's row, the money at Stripe, and its replies."""

    def __init__(self, random: Random, *, declines: bool, refuses: float) -> None:
        self.status = "none"
        self.held = self.captured = self.released = self.holds_made = 0
        self.refunds: dict[str, int] = {}
        self._random, self._declines, self._refuses = random, declines, refuses
        self._newest: dict[str, int] = {}
        self._refunds: dict[str, bool] = {}
        self._amount = self._authorize = self._cancel = 0

    @property
    def authorized(self) -> int:
        return self._amount if self.holds_made else 0

    @property
    def refunded(self) -> int:
        return sum(self.refunds.values())

    def handle(self, command: Envelope) -> Iterator[tuple[str, dict[str, Any]]]:
        attempt = command.payload.attempt
        if attempt <= self._newest.get(command.type, 0):
            return
        self._newest[command.type] = attempt
        for type_, payload in getattr(self, f"_{command.type}")(command.payload):
            yield type_, {"attempt": attempt, **payload}

    def knows_refund(self, refund_id: str) -> bool:
        return refund_id in self._refunds

    def work(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Let Stripe decide the pending authorization."""
        if self.status != "pending":
            return
        if self._declines:
            self.status = "failed"
        else:
            self.status, self.held = "authorized", self._amount
            self.holds_made += 1
        if not self._cancel:
            yield self._result(self._authorize)
            return
        yield "payment.canceled", {"attempt": self._cancel, "released": self._release("canceled")}

    def by_hand(self, event: str, amount: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Change the payment in Stripe's dashboard, or by time; do nothing where impossible."""
        if event == "payment.refunded" and self.status == "captured":
            if amount := min(amount, self.captured - self.refunded):
                yield event, {"refund_id": None, **self._refund(f"{len(self.refunds)}", amount)}
        elif event == "payment.refund_failed":
            yield from self._fail_a_refund()
        elif event == "payment.disputed" and self.status == "captured":
            yield event, {"dispute_id": "dp", "amount": self.captured}
        elif self.status == "authorized" and event == "payment.captured":
            yield event, self._capture(min(amount, self.held))
        elif self.status == "authorized" and event in (
            "payment.canceled",
            "payment.authorization_expired",
        ):
            released = self._release("canceled" if event == "payment.canceled" else "expired")
            yield event, {"payment_intent_id": "pi", "released": released}

    def _authorize_payment(self, command: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if self.status == "none":
            self.status, self._amount = "pending", command.order.amount
        self._authorize = command.attempt
        if self.status != "pending":
            yield self._result(command.attempt)

    def _cancel_payment(self, command: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if self.status == "pending":
            self._cancel = command.attempt
        elif self.status == "captured" or self._refused():
            yield "payment.cancel_failed", _refusal("already_captured")
        else:
            gone = self.status if self.status in GONE else "canceled"
            payload = {"payment_intent_id": "pi" if self.holds_made else None}
            yield "payment.canceled", {**payload, "released": self._release(gone)}

    def _capture_payment(self, command: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if self.status == "authorized" and not self._refused():
            yield "payment.captured", self._capture(command.amount)
        elif self.status == "captured" and self.captured == command.amount:
            yield "payment.captured", {"payment_intent_id": "pi", "amount": self.captured}
        elif self.status == "expired":
            payload = {"payment_intent_id": "pi", "released": self._amount}
            yield "payment.authorization_expired", payload
        elif self.status == "canceled":
            yield "payment.canceled", {"payment_intent_id": "pi", "released": self._amount}
        else:
            yield "payment.capture_failed", _refusal("invalid_request")

    def _refund_payment(self, command: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        refund_id, amount = command.refund_id, command.amount
        if refund_id not in self._refunds:
            enough = self.status == "captured" and amount <= self.captured - self.refunded
            self._refunds[refund_id] = enough and not self._refused()
        if self._refunds[refund_id]:
            yield "payment.refunded", {"refund_id": refund_id, **self._refund(refund_id, amount)}
        else:
            payload = {"refund_id": refund_id, "stripe_refund_id": None}
            yield "payment.refund_failed", {**_refusal("invalid_request"), **payload}

    def _result(self, attempt: int) -> tuple[str, dict[str, Any]]:
        if not self.holds_made:
            return "payment.failed", {"attempt": attempt, **_refusal("card_declined")}
        payload = {"payment_intent_id": "pi", "amount": self._amount, "currency": "usd"}
        return "payment.authorized", {"attempt": attempt, "capture_before": None, **payload}

    def _capture(self, amount: int) -> dict[str, Any]:
        self.released += self.held - amount
        self.status, self.held, self.captured = "captured", 0, amount
        return {"payment_intent_id": "pi", "amount": amount}

    def _refund(self, name: str, amount: int) -> dict[str, Any]:
        self.refunds[f"re_{name}"] = amount
        return {"stripe_refund_id": f"re_{name}", "amount": amount}

    def _fail_a_refund(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if made := [name for name, amount in self.refunds.items() if amount]:
            failed = self._random.choice(made)
            self.refunds[failed] = 0
            refund_id = failed.removeprefix("re_")
            self._refunds[refund_id] = False
            payload = {"refund_id": refund_id, "stripe_refund_id": failed}
            yield "payment.refund_failed", {**_refusal("invalid_request"), **payload}

    def _release(self, status: str) -> int:
        released, self.held = self.held, 0
        self.status = status
        self.released += released
        return released

    def _refused(self) -> bool:
        return self._random.random() < self._refuses


def _type(message: type[Envelope]) -> str:
    return message.model_fields["type"].default


def _refusal(code: str) -> dict[str, Any]:
    return {"code": code, "message": "Refused.", "cure": "", "payment_intent_id": None}
