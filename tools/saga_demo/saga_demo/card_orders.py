"""One run of the demo's orders against a running stack."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from saga_cli.api import Api, order_path

from saga_demo.cases import Case

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.1
FINAL_STATES = frozenset(("authorized", "rejected"))
AMOUNT = 1299


@dataclass
class Placed:
    """An order of the demo, as it was last seen."""

    case: Case
    clerk_user_id: str
    order: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Whether it has reached its last state."""
        return self.order["state"] in FINAL_STATES

    def differences(self) -> list[str]:
        """What is otherwise than the card says; empty if all is well."""
        return self.case.expected.differences(self.order)


def place(orders: Api, case: Case, clerk_user_id: str) -> Placed:
    """Posts the case's order."""
    body = {
        "clerk_user_id": clerk_user_id,
        "amount": AMOUNT,
        "currency": "usd",
        "description": f"Demo: {case.title}",
    }
    accepted = orders.post("/orders", body)
    return Placed(case, clerk_user_id, orders.get(order_path(accepted["id"])))


def follow(orders: Api, placed: Sequence[Placed]) -> Generator[list[Placed]]:
    """After each look at the orders, those that finished since the last one.

    Ends when all have finished, or after 60 s without asking why: what has not finished by then
    did not end as its card says.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    reported: set[str] = set()
    while len(reported) < len(placed) and time.monotonic() < deadline:
        for one in placed:
            if not one.finished:
                one.order = orders.get(order_path(one.order["id"]))
        news = [one for one in placed if one.finished and one.order["id"] not in reported]
        reported |= {one.order["id"] for one in news}
        yield news
        time.sleep(POLL_SECONDS)
