"""kill -9 of each process in the middle of 500 orders: every order ends as its card says, once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from at_stripe import fewer_at_stripe, settings_for
from customers import ended, eventually, post_order, register
from invariants import violations
from saga_cli.demo_cases import CASES
from saga_cli.stack import Stack

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

ORDERS = fewer_at_stripe(500, at_stripe=20)
MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")
VICTIMS = ("order_saga", "user", "payment", "kafka", "postgres")


@pytest.fixture(scope="module")
def fragile(module_folder):
    """A stack of our own, as nobody else likes what happens to it."""
    with Stack(settings_for(module_folder)) as stack:
        yield stack


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_process_killed_in_the_middle_of_500_orders_loses_and_doubles_nothing(fragile, victim):
    stack = fragile
    users = register(stack, [case for case in CASES if case.title in MIX])
    names = [list(users)[number % len(users)] for number in range(ORDERS)]
    with ThreadPoolExecutor(16) as clients:
        posts = [clients.submit(post_order, stack, name) for name in names]
        eventually(lambda: sum(post.done() for post in posts), lambda done: done >= ORDERS // 3)
        stack.kill(victim)
        stack.start(victim)
        orders = [post.result() for post in posts]
        results = list(clients.map(lambda order: ended(stack, order, seconds=90), orders))
    wrong = [
        (order["id"], differences)
        for name, order in zip(names, results, strict=True)
        if (differences := users[name].expected.differences(order))
    ]
    assert wrong == []
    assert Counter(order["state"] for order in results) == {
        "authorized": ORDERS * 2 // 5,
        "rejected": ORDERS * 3 // 5,
    }
    assert eventually(lambda: violations(stack), lambda found: not found) == []
