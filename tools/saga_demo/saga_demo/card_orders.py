"""The demo's orders: one per card, placed on a running stack."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from saga_cli.api import Api, order_path

from saga_demo.cases import Case

TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.1
FINAL_STATES = frozenset(("authorized", "rejected"))
AMOUNT = 1299


@dataclass
class PlacedOrder:
    """An order of the demo, as last read from the order service."""

    case: Case
    clerk_user_id: str
    order: dict[str, Any]

    @property
    def finished(self) -> bool:
        """True once it has reached a final state."""
        return self.order["state"] in FINAL_STATES

    def differences(self) -> list[str]:
        """Describe how the order differs from its case; empty if it does not."""
        return self.case.expected.differences(self.order)


def place_order(orders: Api, case: Case, clerk_user_id: str) -> PlacedOrder:
    """Place the case's order."""
    body = {
        "clerk_user_id": clerk_user_id,
        "amount": AMOUNT,
        "currency": "usd",
        "description": f"Demo: {case.title}",
    }
    accepted = orders.post("/orders", body)
    return PlacedOrder(case, clerk_user_id, orders.get(order_path(accepted["id"])))


def follow(orders: Api, placed: Sequence[PlacedOrder]) -> Generator[list[PlacedOrder]]:
    """Poll the orders; yield those that have finished since the previous poll.

    Ends when all have finished, or after 60 s: an unfinished order then differs from its case.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    reported: set[str] = set()
    while len(reported) < len(placed) and time.monotonic() < deadline:
        for each in placed:
            if not each.finished:
                each.order = orders.get(order_path(each.order["id"]))
        finished = [each for each in placed if each.finished and each.order["id"] not in reported]
        reported |= {each.order["id"] for each in finished}
        yield finished
        time.sleep(POLL_SECONDS)
