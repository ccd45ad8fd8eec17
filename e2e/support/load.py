"""Many orders at once, with a fault in the middle."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from saga_demo.cases import Case
from support.invariants import violations_at_rest
from support.orders import post_order, wait_for_outcome
from support.polling import eventually
from support.system import System
from support.users import cases, register_users

CLIENTS = 16
MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")


def place_orders(
    system: System,
    titles: Sequence[str],
    count: int,
    seconds: float = 90,
    during: Callable[[], object] = lambda: None,
) -> list[dict[str, Any]]:
    """Place orders with the cards of these cases; return them in their resting or terminal state.

    `during` is called once a third of the orders is accepted. Once all are accepted, each is
    polled for up to `seconds`.

    Raises:
        AssertionError: An order did not end as its card requires.
    """
    users = register_users(system, cases(*titles))
    names = [list(users)[number % len(users)] for number in range(count)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        posts = [clients.submit(post_order, system, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= count // 3)
        during()
        orders = [post.result() for post in posts]
        results = list(clients.map(lambda order: wait_for_outcome(system, order, seconds), orders))
    assert wrong_outcomes(users, zip(names, results, strict=True)) == []
    return results


def wrong_outcomes(
    users: dict[str, Case], orders: Iterable[tuple[str, dict[str, Any]]]
) -> list[tuple[str, list[str]]]:
    """Return each order that did not end as its user's card requires, with the differences."""
    return [
        (order["id"], differences)
        for user, order in orders
        if (differences := users[user].expected.differences(order))
    ]


def states_after_fault(system: System, count: int, fault: Callable[[], object]) -> Counter[str]:
    """Place a mix of orders with a fault in the middle; return how many ended in each state.

    Raises:
        AssertionError: An order did not end as its card requires, or an invariant is violated.
    """
    results = place_orders(system, MIX, count, 90, fault)
    assert violations_at_rest(system) == []
    return Counter(order["state"] for order in results)
