"""What becomes of a hold, shown by `saga demo`: each story ends in the state it must.

Those that bend time or break Stripe need the emulator; Stripe's own test mode goes without them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from saga_cli.api import Api, Json, order_path

AMOUNT: Final = 1299
PATIENCE_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.1
EIGHT_DAYS: Final = 8 * 86_400
INTENTS: Final = "POST /v1/payment_intents"


@dataclass(frozen=True)
class Stage:
    """What a story acts on: the orders, a user whose card is good, and the emulator if there."""

    orders: Api
    clerk_user_id: str
    emulator: Api | None = None

    def order(self, title: str) -> str:
        """Place an order. Returns its id."""
        body = {"clerk_user_id": self.clerk_user_id, "amount": AMOUNT, "description": title}
        return self.orders.post("/orders", body)["id"]

    def held(self, title: str) -> str:
        """Place an order, and wait for its hold. Returns its id."""
        order_id = self.order(title)
        self.until(order_id, "authorized")
        return order_id

    def ask(self, order_id: str, verb: str, **body: Any) -> None:
        """Ask for a capture, a cancel or a refund."""
        self.orders.post(order_path(order_id, verb), {"by": "demo", **body}, str(uuid4()))

    def until(self, order_id: str, state: str) -> Json:
        """The order once it is in a state; as it is, if that does not happen in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (order := self.orders.get(order_path(order_id)))["state"] != state:
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        return order

    def break_stripe(self, **fault: Any) -> None:
        """Arm a fault of the emulator."""
        assert self.emulator  # noqa: S101 - only stories of the emulator do
        self.emulator.post("/_emulator/faults", fault)

    def mend_stripe(self) -> None:
        """Disarm what is left of the faults, so that no later order meets them."""
        assert self.emulator  # noqa: S101 - as above
        self.emulator.delete("/_emulator/faults")


@dataclass(frozen=True)
class Story:
    """One order's life.

    Attributes:
        act: Plays it. Returns the order's id.
        captured: What has been taken in the end, in cents; `refunded` likewise given back.
    """

    title: str
    act: Callable[[Stage], str]
    state: str
    captured: int = 0
    refunded: int = 0
    needs_emulator: bool = False

    def differences(self, order: Json) -> list[str]:
        """What is otherwise than the story says; empty if all is well."""
        wanted = {"state": self.state, "captured": self.captured, "refunded": self.refunded}
        return [
            f"{name} is {order[name]!r}, expected {value!r}"
            for name, value in wanted.items()
            if order[name] != value
        ]


def _captured_whole(stage: Stage) -> str:
    order_id = stage.held("captured")
    stage.ask(order_id, "capture")
    return order_id


def _captured_in_part(stage: Stage) -> str:
    order_id = stage.held("captured in part")
    stage.ask(order_id, "capture", amount=1000)
    return order_id


def _voided(stage: Stage) -> str:
    order_id = stage.held("voided")
    stage.ask(order_id, "cancel", note="the kitchen is closed")
    return order_id


def _refunded_in_part(stage: Stage) -> str:
    order_id = _captured_whole(stage)
    stage.until(order_id, "completed")
    stage.ask(order_id, "refund", amount=300, note="cold fries")
    return order_id


def _timed_out(stage: Stage) -> str:
    stage.break_stripe(kind="timeout_after", endpoint=INTENTS, seconds=30, count=3)
    order_id = stage.order("Stripe holds the money and never answers")
    stage.until(order_id, "rejected")
    stage.mend_stripe()  # how often it was asked depends on who was slow
    return order_id


def _expired(stage: Stage) -> str:
    assert stage.emulator  # noqa: S101 - as above
    order_id = stage.held("never captured")
    stage.break_stripe(kind="webhook_twice", endpoint="WEBHOOK payment_intent.canceled")
    stage.emulator.post("/_emulator/clock", {"advance_seconds": EIGHT_DAYS})
    return order_id


STORIES: Final = (
    Story("captured", _captured_whole, "completed", captured=AMOUNT),
    Story("captured in part, the rest released", _captured_in_part, "completed", captured=1000),
    Story("voided before the capture", _voided, "canceled"),
    Story("refunded in part", _refunded_in_part, "completed", captured=AMOUNT, refunded=300),
    Story("Stripe never answers: undone", _timed_out, "rejected", needs_emulator=True),
    Story("hold expires, told twice", _expired, "expired", needs_emulator=True),
)


def play(stage: Stage) -> Sequence[tuple[Story, Json]]:
    """Play every story that can be, one after the other. Returns each with its order at the end."""
    told: list[tuple[Story, Json]] = []
    for story in STORIES:
        if stage.emulator or not story.needs_emulator:
            order = stage.until(story.act(stage), story.state)
            told.append((story, _settled(stage, story, order)))
    return told


def _settled(stage: Stage, story: Story, order: Json) -> Json:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while story.differences(order) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        order = stage.orders.get(order_path(order["id"]))
    return order


def ledger_line(currency: str, totals: dict[str, int]) -> str:
    """`authorized = captured + released + held`, to the cent, and what was refunded of it."""
    shown = {name: f"{cents / 100:.2f}" for name, cents in totals.items()}
    right = totals["authorized"] == totals["captured"] + totals["released"] + totals["held"]
    return (
        f"{currency}: authorized {shown['authorized']} {'=' if right else '≠'} "
        f"captured {shown['captured']} + released {shown['released']} + held {shown['held']}"
        f"; refunded {shown['refunded']} of what was captured"
    )
