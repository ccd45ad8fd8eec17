"""Many orders at once, and what happens in the middle of them."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from customers import ended, eventually, post_order, register
from invariants import violations
from saga_cli.demo_cases import CASES
from saga_cli.stack import Stack

MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")
CLIENTS = 16


def rush(stack: Stack, count: int, happens: Callable[[], object]) -> Counter[str]:
    """So many orders, of which a third is taken when it happens. Returns their states at the end.

    Insists that each order ends as its card says, and that nothing is lost or doubled anywhere.
    """
    users = register(stack, [case for case in CASES if case.title in MIX])
    names = [list(users)[number % len(users)] for number in range(count)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        posts = [clients.submit(post_order, stack, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= count // 3)
        happens()
        orders = [post.result() for post in posts]
        results = list(clients.map(lambda order: ended(stack, order, seconds=90), orders))
    wrong = [
        (order["id"], differences)
        for name, order in zip(names, results, strict=True)
        if (differences := users[name].expected.differences(order))
    ]
    assert wrong == []
    assert eventually(lambda: violations(stack), lambda found: not found) == []
    return Counter(order["state"] for order in results)
