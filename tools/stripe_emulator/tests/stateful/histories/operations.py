"""The calls of a history: their forms and expected responses."""

from dataclasses import dataclass
from typing import Any, Protocol

from histories.model import (
    EDITABLE,
    INVALID,
    UNEXPECTED_STATE,
    Expected,
    Intent,
    World,
    invalid,
)
from histories.refusals import amount_refusal, method_refusal

Form = dict[str, str]


class Operation(Protocol):
    @property
    def path(self) -> str: ...
    def form(self) -> Form: ...
    def expect(self, world: World) -> Expected: ...


@dataclass(frozen=True)
class How:
    """The options of a confirmation."""

    off_session: bool = False
    error_on_action: bool = False
    returns: bool = False

    def form(self) -> Form:
        form = {"off_session": "true"} if self.off_session else {}
        if self.error_on_action:
            form["error_on_requires_action"] = "true"
        return {**form, "return_url": "http://localhost/"} if self.returns else form


@dataclass(frozen=True)
class Create:
    amount: int
    currency: str
    capture: str
    method: str | None
    customer: str | None
    redirects: bool
    later: bool
    confirm: How | None
    path = "payment_intents"

    def form(self) -> Form:
        form = {"amount": str(self.amount), "currency": self.currency}
        form["capture_method"] = self.capture
        optional = {"payment_method": self.method, "customer": self.customer}
        form |= {name: value for name, value in optional.items() if value}
        if not self.redirects:
            form["automatic_payment_methods[enabled]"] = "true"
            form["automatic_payment_methods[allow_redirects]"] = "never"
        if self.later:
            form["setup_future_usage"] = "off_session"
        return {**form, "confirm": "true", **self.confirm.form()} if self.confirm else form

    def expect(self, world: World) -> Expected:
        refusal = amount_refusal(self.amount, self.currency)
        refusal = refusal or method_refusal(world, self.method, self.customer)
        if refusal:
            return refusal
        intent = Intent(
            self.amount, self.currency, self.capture, self.customer, self.redirects, self.later
        )
        if self.confirm is None:
            return Expected(change=lambda shown: self._made(world, intent, shown))
        if intent.amount < 50:
            return invalid("amount_too_small")
        if intent.redirects and not self.confirm.returns:
            return INVALID
        if self.method is None:  # unverified: it stays, as a declined one does
            return Expected(400, UNEXPECTED_STATE.code, change=lambda s: _enter(world, intent, s))
        return confirmed(world, intent, self.method, self.confirm)

    def _made(self, world: World, intent: Intent, shown: dict[str, Any]) -> None:
        _choose(world, intent, self.method, shown)
        _enter(world, intent, shown)


@dataclass(frozen=True)
class Confirm:
    intent: str
    method: str | None
    how: How

    @property
    def path(self) -> str:
        return f"payment_intents/{self.intent}/confirm"

    def form(self) -> Form:
        return {**({"payment_method": self.method} if self.method else {}), **self.how.form()}

    def expect(self, world: World) -> Expected:
        intent = world.intents[self.intent]
        if intent.status not in EDITABLE:
            return UNEXPECTED_STATE
        if intent.amount < 50:
            return invalid("amount_too_small")
        if intent.redirects and not self.how.returns:
            return INVALID
        wanted = self.method or intent.method
        if wanted is None:
            return UNEXPECTED_STATE
        refusal = method_refusal(world, wanted, intent.customer)
        return refusal or confirmed(world, intent, wanted, self.how)


@dataclass(frozen=True)
class Update:
    intent: str
    amount: int | None = None
    currency: str | None = None
    capture: str | None = None
    method: str | None = None
    note: str | None = None

    @property
    def path(self) -> str:
        return f"payment_intents/{self.intent}"

    def form(self) -> Form:
        fields = {
            "amount": None if self.amount is None else str(self.amount),
            "currency": self.currency,
            "capture_method": self.capture,
            "payment_method": self.method,
            "metadata[note]": self.note,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def expect(self, world: World) -> Expected:
        intent = world.intents[self.intent]
        fixed = (self.amount, self.currency, self.capture, self.method)
        if intent.status not in EDITABLE and any(value is not None for value in fixed):
            return UNEXPECTED_STATE
        amount = intent.amount if self.amount is None else self.amount
        currency = self.currency or intent.currency
        refusal = method_refusal(world, self.method, intent.customer)
        if self.amount is not None or self.currency is not None:
            refusal = amount_refusal(amount, currency) or refusal

        def change(shown: dict[str, Any]) -> None:
            intent.amount, intent.currency = amount, currency
            intent.capture = self.capture or intent.capture
            _choose(world, intent, self.method, shown)

        return refusal or Expected(change=change)


def confirmed(world: World, intent: Intent, wanted: str, how: How) -> Expected:
    """Return the outcome of charging a card for a PaymentIntent."""
    method = world.method(wanted)
    outcome = method.card.outcome(off_session=how.off_session, error_on_action=how.error_on_action)

    def change(shown: dict[str, Any]) -> None:
        if outcome == "authenticate":
            intent.status = "requires_action"
        elif outcome == "approved":
            intent.hold(method.card, world.now, off_session=how.off_session)
            world.use(method, intent)
        else:
            intent.fail()
        if outcome in {"authenticate", "approved"}:
            intent.method = shown["payment_method"]
            world.methods[shown["payment_method"]] = method
        _enter(world, intent, shown)

    if outcome in {"authenticate", "approved"}:
        return Expected(change=change)
    return Expected(402, outcome, change=change)


def _choose(world: World, intent: Intent, wanted: str | None, shown: dict[str, Any]) -> None:
    if wanted is not None:
        intent.method, intent.status = shown["payment_method"], "requires_confirmation"
        world.methods[shown["payment_method"]] = world.method(wanted)


def _enter(world: World, intent: Intent, shown: dict[str, Any]) -> None:
    world.intents[shown["id"]] = intent
