"""Many orders at once, and what happens in the middle of them."""

from collections import Counter
from collections.abc import Callable

from customers import eventually, place_orders
from invariants import violations
from saga_stack.stack import Stack

MIX = ("visa", "mastercard", "insufficient funds", "expired card", "no such user")


def rush(stack: Stack, count: int, happens: Callable[[], object]) -> Counter[str]:
    """So many orders, of which a third is taken when it happens. Returns their states at the end.

    Insists that each order ends as its card says, and that nothing is lost or doubled anywhere.
    """
    results = place_orders(stack, MIX, count, 90, happens)
    assert eventually(lambda: violations(stack), lambda found: not found) == []
    return Counter(order["state"] for order in results)
