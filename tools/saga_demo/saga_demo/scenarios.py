"""Scenarios of a hold's lifecycle, each with the state in which it must end.

Scenarios that move Stripe's clock or inject faults need the emulator; Stripe's own test mode skips
them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from saga_cli.api import Api, Json, order_path

AMOUNT: Final = 1299
TIMEOUT_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
EIGHT_DAYS: Final = 8 * 86_400
INTENTS: Final = "POST /v1/payment_intents"


@dataclass(frozen=True)
class DemoContext:
    """The APIs that a scenario uses.

    Attributes:
        orders: The order service.
        clerk_user_id: A registered user with a valid card.
        emulator: The Stripe emulator, or None in Stripe's test mode.
    """

    orders: Api
    clerk_user_id: str
    emulator: Api | None = None

    def place_order(self, title: str) -> str:
        """Place an order and return its id."""
        body = {"clerk_user_id": self.clerk_user_id, "amount": AMOUNT, "description": title}
        return self.orders.post("/orders", body)["id"]

    def authorized_order(self, title: str) -> str:
        """Place an order, wait until it is authorized, and return its id."""
        order_id = self.place_order(title)
        self.wait_for_state(order_id, "authorized")
        return order_id

    def request(self, order_id: str, verb: str, **body: Any) -> None:
        """Request a capture, cancel or refund."""
        self.orders.post(order_path(order_id, verb), {"by": "demo", **body}, str(uuid4()))

    def wait_for_state(self, order_id: str, state: str) -> Json:
        """Return the order once it is in a state, or its last state at the time-out."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (order := self.orders.get(order_path(order_id)))["state"] != state:
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        return order

    def inject_fault(self, **fault: Any) -> None:
        """Make the emulator fail as described."""
        self.require_emulator().post("/_emulator/faults", fault)

    def clear_faults(self) -> None:
        """Remove all remaining faults, so that they do not affect later scenarios."""
        self.require_emulator().delete("/_emulator/faults")

    def advance_clock(self, seconds: int) -> None:
        """Advance Stripe's clock."""
        self.require_emulator().post("/_emulator/clock", {"advance_seconds": seconds})

    def require_emulator(self) -> Api:
        """Return the emulator, without which a scenario with `needs_emulator` is not run."""
        assert self.emulator  # noqa: S101 - an invariant of `run_scenarios`
        return self.emulator


@dataclass(frozen=True)
class Scenario:
    """One order's lifecycle and its expected end.

    Attributes:
        run: Performs the scenario and returns the order's id.
        state: The expected final state.
        captured: The expected captured amount, in cents.
        refunded: The expected refunded amount, in cents.
    """

    title: str
    run: Callable[[DemoContext], str]
    state: str
    captured: int = 0
    refunded: int = 0
    needs_emulator: bool = False

    def differences(self, order: Json) -> list[str]:
        """Describe how an order differs from the expected end; empty if it does not."""
        expected = {"state": self.state, "captured": self.captured, "refunded": self.refunded}
        return [
            f"{name} is {order[name]!r}, expected {value!r}"
            for name, value in expected.items()
            if order[name] != value
        ]


def _capture(context: DemoContext) -> str:
    order_id = context.authorized_order("captured")
    context.request(order_id, "capture")
    return order_id


def _capture_partially(context: DemoContext) -> str:
    order_id = context.authorized_order("captured in part")
    context.request(order_id, "capture", amount=1000)
    return order_id


def _cancel(context: DemoContext) -> str:
    order_id = context.authorized_order("canceled")
    context.request(order_id, "cancel", note="the kitchen is closed")
    return order_id


def _refund_partially(context: DemoContext) -> str:
    order_id = _capture(context)
    context.wait_for_state(order_id, "completed")
    context.request(order_id, "refund", amount=300, note="cold fries")
    return order_id


def _time_out(context: DemoContext) -> str:
    context.inject_fault(kind="timeout_after", endpoint=INTENTS, seconds=30, count=3)
    order_id = context.place_order("Stripe holds the amount but never responds")
    context.wait_for_state(order_id, "rejected")
    context.clear_faults()  # the number of retries, and so of used faults, varies
    return order_id


def _expire(context: DemoContext) -> str:
    order_id = context.authorized_order("never captured")
    context.inject_fault(kind="webhook_twice", endpoint="WEBHOOK payment_intent.canceled")
    context.advance_clock(EIGHT_DAYS)
    return order_id


SCENARIOS: Final = (
    Scenario("captured", _capture, "completed", captured=AMOUNT),
    Scenario("captured in part, the rest released", _capture_partially, "completed", captured=1000),
    Scenario("canceled before the capture", _cancel, "canceled"),
    Scenario("refunded in part", _refund_partially, "completed", captured=AMOUNT, refunded=300),
    Scenario("Stripe never responds, hold released", _time_out, "rejected", needs_emulator=True),
    Scenario("hold expired, webhook sent twice", _expire, "expired", needs_emulator=True),
)


def run_scenarios(context: DemoContext) -> Sequence[tuple[Scenario, Json]]:
    """Run every possible scenario in sequence; return each with its order's final state."""
    results: list[tuple[Scenario, Json]] = []
    for scenario in SCENARIOS:
        if context.emulator or not scenario.needs_emulator:
            order = context.wait_for_state(scenario.run(context), scenario.state)
            results.append((scenario, _wait_for_amounts(context, scenario, order)))
    return results


def _wait_for_amounts(context: DemoContext, scenario: Scenario, order: Json) -> Json:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while scenario.differences(order) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        order = context.orders.get(order_path(order["id"]))
    return order
