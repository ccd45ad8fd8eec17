"""Orders against payments: what the two services say of the same money."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx

from saga_cli.api import Api, Json, order_path

PAGE: Final = 100
NOT_FOUND: Final = 404
OVER: Final = ("rejected", "canceled", "expired")
PAID: Final = ("completed", "refunded")
NOTHING_HELD: Final = ("failed", "canceled", "expired")


@dataclass
class Comparison:
    """How many orders were compared, which are under way, and how the others differ."""

    compared: int = 0
    under_way: int = 0
    differing: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def compare(orders: Api, payments: Api, limit: int) -> Comparison:
    """The newest `limit` orders with their payments, read one after the other.

    An order that moves while it is compared counts as under way.
    """
    found = Comparison()
    for order in _newest(orders, limit):
        payment = _payment(payments, order["id"])
        if is_under_way(order, payment):
            found.under_way += 1
        elif not (difference := differs(order, payment)):
            found.compared += 1
        elif orders.get(order_path(order["id"]))["updated_at"] != order["updated_at"]:
            found.under_way += 1
        else:
            found.compared += 1
            found.differing.append((order["id"], difference))
    return found


def is_under_way(order: Json, payment: Json | None) -> bool:
    """Whether the two may differ, since a message between them is still to come."""
    rests = order["state"] in ("authorized", *PAID, *OVER)
    return not rests or bool(payment and payment.get("operation"))


def differs(order: Json, payment: Json | None) -> str:
    """How a payment differs from its order at rest; empty where it does not."""
    state = order["state"]
    if state in OVER:
        if payment is None or payment["status"] in NOTHING_HELD:
            return ""
        return f"the order is {state}, its payment {payment['status']}"
    if payment is None:
        return f"the order is {state}, and there is no payment"
    if state == "authorized":
        wanted = {"status": "authorized", "amount": order["amount"], "currency": order["currency"]}
    else:
        wanted = {name: order[name] for name in ("captured", "refunded")}
    told = [
        f"{name} is {expected} of the order and {payment.get(name)} of its payment"
        for name, expected in wanted.items()
        if payment.get(name) != expected
    ]
    return "; ".join(told)


def _newest(orders: Api, limit: int) -> Iterator[Json]:
    cursor: str | None = None
    while limit > 0:
        page = orders.get("/orders", limit=min(limit, PAGE), cursor=cursor)
        yield from page["orders"]
        limit -= PAGE
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
