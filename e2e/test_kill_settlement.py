"""kill -9 of payment, of the saga and of both while orders are captured, canceled and refunded.

What customers asked for happens at Stripe once, whoever dies; they ask again until they are heard.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from at_stripe import fewer_at_stripe, ledger_of, settings_for
from customers import (
    PATIENCE_SECONDS,
    ended,
    eventually,
    insist,
    order_of,
    post_order,
    register,
)
from invariants import rows, violations
from saga_demo.cases import CASES
from saga_stack.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(240)]

AMOUNT = 1299
ORDERS_OF_A_KIND = fewer_at_stripe(16, at_stripe=4)
UNDER_WAY = "SELECT id FROM sagas WHERE state IN ('capturing', 'canceling', 'refunding')"


@dataclass(frozen=True)
class Life:
    """What is asked for, one after the other (None: all there is), and where that leads."""

    asked: tuple[tuple[str, int | None], ...]
    ends: str
    captures: tuple[int, ...] = ()
    refunds: tuple[int, ...] = ()
    releases: tuple[int, ...] = ()


ALL, PART = (AMOUNT,), (1000,)
LIVES = (
    Life((("capture", None),), "completed", ALL),
    Life((("capture", 1000),), "completed", PART, releases=(299,)),
    Life((("cancel", None),), "canceled", releases=ALL),
    Life((("capture", None), ("refund", None)), "refunded", ALL, ALL),
    Life((("capture", None), ("refund", 300), ("refund", 200)), "completed", ALL, (300, 200)),
    Life((("capture", 1000), ("cancel", None)), "refunded", PART, PART, releases=(299,)),
)


@pytest.fixture(scope="module")
def fragile(module_folder):
    """A stack of our own, as nobody else likes what happens to it."""
    with Stack(settings_for(module_folder)) as stack:
        yield stack


@pytest.mark.parametrize(
    "victims", [("payment",), ("order_saga",), ("payment", "order_saga")], ids="+".join
)
def test_what_is_asked_for_is_done_once_whoever_is_killed_meanwhile(fragile, victims):
    stack, lives = fragile, LIVES * ORDERS_OF_A_KIND
    [user] = register(stack, [CASES[0]])
    with ThreadPoolExecutor(16) as clients:
        orders = list(clients.map(lambda _: post_order(stack, user, AMOUNT), lives))
        assert {ended(stack, order)["state"] for order in orders} == {"authorized"}
        asking = [clients.submit(live, stack, *each) for each in zip(orders, lives, strict=True)]
        eventually(lambda: sum(each.done() for each in asking), lambda done: done > len(lives) // 4)
        for victim in victims:
            stack.kill(victim)
        assert rows(stack, "order_saga", UNDER_WAY), "nothing was interrupted"
        for victim in victims:
            stack.start(victim)
        found = [each.result() for each in asking]
    assert found == [(each.ends, sum(each.captures), sum(each.refunds)) for each in lives]
    assert eventually(lambda: violations(stack), lambda wrong: not wrong) == []
    assert moved_at_stripe(stack, orders) == [
        {
            "holds": ALL,
            "captures": each.captures,
            "refunds": each.refunds,
            "releases": each.releases,
            "held": 0,
        }
        for each in lives
    ]


def live(stack, order, life):
    """Ask for one thing after the other. Returns how the order ended, and with what money."""
    seen = {}
    for verb, amount in life.asked:
        insist(f"{stack.orders_url}/orders/{order}/{verb}", {"amount": amount} if amount else {})
        seen = eventually(lambda: settled(stack, order), bool, PATIENCE_SECONDS)
    return seen and (seen["state"], seen["captured"], seen["refunded"])


def settled(stack, order):
    """The order once nothing is under way; nothing while it is, or nobody answers."""
    try:
        seen = order_of(stack, order)
    except httpx.HTTPError:
        return None
    return None if seen["state"] in ("capturing", "canceling", "refunding") else seen


def moved_at_stripe(stack, orders):
    """Every amount that was moved for these orders, in their order."""
    line_of = {line["metadata"]["saga_id"]: line for line in ledger_of(stack)["payment_intents"]}
    kinds = ("holds", "captures", "refunds", "releases")
    return [
        {kind: tuple(move["amount"] for move in line_of[order][kind]) for kind in kinds}
        | {"held": line_of[order]["held"]}
        for order in orders
    ]
