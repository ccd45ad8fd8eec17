"""Calls that capture, cancel, refund, and attach or detach cards."""

from dataclasses import dataclass
from typing import Any

from histories.model import INVALID, UNEXPECTED_STATE, Expected, World, invalid
from histories.operations import Form


@dataclass(frozen=True)
class Capture:
    intent: str
    amount: int | None

    @property
    def path(self) -> str:
        return f"payment_intents/{self.intent}/capture"

    def form(self) -> Form:
        return {} if self.amount is None else {"amount_to_capture": str(self.amount)}

    def expect(self, world: World) -> Expected:
        intent = world.intents[self.intent]
        if intent.status != "requires_capture":
            return UNEXPECTED_STATE
        amount = intent.held if self.amount is None else self.amount
        if amount < 1:
            return invalid(None if amount < 0 else "parameter_invalid_integer")
        if amount > intent.held:
            return Expected(400, "amount_too_large")
        return Expected(change=lambda _shown: intent.take(amount))


@dataclass(frozen=True)
class Cancel:
    intent: str
    reason: str | None

    @property
    def path(self) -> str:
        return f"payment_intents/{self.intent}/cancel"

    def form(self) -> Form:
        return {"cancellation_reason": self.reason} if self.reason else {}

    def expect(self, world: World) -> Expected:
        if self.reason == "boredom":
            return INVALID
        intent = world.intents[self.intent]
        if intent.status in {"succeeded", "canceled"}:
            return UNEXPECTED_STATE
        return Expected(change=lambda _shown: intent.end(world.now, self.reason))


@dataclass(frozen=True)
class Refund:
    intent: str
    amount: int | None
    path = "refunds"

    def form(self) -> Form:
        form = {"payment_intent": self.intent}
        return form if self.amount is None else {**form, "amount": str(self.amount)}

    def expect(self, world: World) -> Expected:
        intent = world.intents[self.intent]
        left = intent.captured - intent.refunded
        if not intent.captured:
            return Expected(400)
        if not left:
            return Expected(400, "charge_already_refunded")
        amount = left if self.amount is None else self.amount
        if amount < 1:
            return invalid("parameter_invalid_integer")
        if amount > left:
            return INVALID

        def change(shown: dict[str, Any]) -> None:
            assert (shown["amount"], shown["status"]) == (amount, "succeeded")
            intent.refunded += amount

        return Expected(change=change)


@dataclass(frozen=True)
class Attach:
    method: str
    customer: str

    @property
    def path(self) -> str:
        return f"payment_methods/{self.method}/attach"

    def form(self) -> Form:
        return {"customer": self.customer}

    def expect(self, world: World) -> Expected:
        method = world.method(self.method)
        if not method.card.attachable:
            return Expected(402, method.card.declines)
        if method.used_up or method.customer not in {None, self.customer}:
            return INVALID

        def change(shown: dict[str, Any]) -> None:
            method.customer = self.customer
            world.methods[shown["id"]] = method

        return Expected(change=change)


@dataclass(frozen=True)
class Detach:
    method: str

    @property
    def path(self) -> str:
        return f"payment_methods/{self.method}/detach"

    def form(self) -> Form:
        return {}

    def expect(self, world: World) -> Expected:
        method = world.methods[self.method]
        if method.customer is None:
            return INVALID

        def change(_shown: dict[str, Any]) -> None:
            method.customer, method.used_up = None, True

        return Expected(change=change)


@dataclass(frozen=True)
class Unknown:
    """A call for an unknown PaymentIntent, with its id in the path or in the body."""

    in_path: bool

    @property
    def path(self) -> str:
        return "payment_intents/pi_3Unknown/cancel" if self.in_path else "refunds"

    def form(self) -> Form:
        return {} if self.in_path else {"payment_intent": "pi_3Unknown"}

    def expect(self, _world: World) -> Expected:
        return Expected(404 if self.in_path else 400, "resource_missing")
