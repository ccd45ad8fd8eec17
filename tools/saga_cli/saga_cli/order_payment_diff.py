"""A comparison of orders with their payments, across the two services."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx

from saga_cli.api import Api, Json, order_path

PAGE_SIZE: Final = 100
NOT_FOUND: Final = 404
RELEASED: Final = ("rejected", "canceled", "expired")
PAID: Final = ("completed", "refunded")
NOTHING_HELD: Final = ("failed", "canceled", "expired")


@dataclass
class Comparison:
    """The result of a comparison.

    Attributes:
        compared: How many orders at rest were compared.
        in_progress: How many orders were skipped because they or their payments may still change.
        differing: The orders that differ, each as id and difference.
    """

    compared: int = 0
    in_progress: int = 0
    differing: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def compare(orders: Api, payments: Api, limit: int) -> Comparison:
    """Compare the newest `limit` orders with their payments.

    An order that changes during the comparison counts as in progress.
    """
    result = Comparison()
    for order in _newest(orders, limit):
        payment = _payment(payments, order["id"])
        if is_in_progress(order, payment):
            result.in_progress += 1
        elif not (difference := find_difference(order, payment)):
            result.compared += 1
        elif orders.get(order_path(order["id"]))["updated_at"] != order["updated_at"]:
            result.in_progress += 1
        else:
            result.compared += 1
            result.differing.append((order["id"], difference))
    return result


def is_in_progress(order: Json, payment: Json | None) -> bool:
    """Tell whether the two may differ because a message between them is still to come."""
    at_rest = order["state"] in ("authorized", *PAID, *RELEASED)
    return not at_rest or bool(payment and payment.get("operation"))


def find_difference(order: Json, payment: Json | None) -> str:
    """Describe how a payment differs from its order at rest; empty if they agree."""
    state = order["state"]
    if state in RELEASED:
        if payment is None or payment["status"] in NOTHING_HELD:
            return ""
        return f"the order is {state}, but its payment is {payment['status']}"
    if payment is None:
        return f"the order is {state}, but it has no payment"
    if state == "authorized":
        expected = {
            "status": "authorized",
            "amount": order["amount"],
            "currency": order["currency"],
        }
    else:
        expected = {name: order[name] for name in ("captured", "refunded")}
    return "; ".join(
        f"{name} is {value} in the order and {payment.get(name)} in its payment"
        for name, value in expected.items()
        if payment.get(name) != value
    )


def _newest(orders: Api, limit: int) -> Iterator[Json]:
    cursor: str | None = None
    while limit > 0:
        page = orders.get("/orders", limit=min(limit, PAGE_SIZE), cursor=cursor)
        yield from page["orders"]
        limit -= PAGE_SIZE
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _payment(payments: Api, order_id: str) -> Json | None:
    try:
        return payments.get(f"/payments/{order_id}")
    except httpx.HTTPStatusError as error:
        if error.response.status_code == NOT_FOUND:
            return None
        raise
