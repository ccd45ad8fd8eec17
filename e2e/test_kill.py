"""kill -9 of each process in the middle of 500 orders: every order ends as its card says, once."""

import pytest
from support.load import rush
from support.stripe_account import fewer_at_stripe

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

ORDERS = fewer_at_stripe(500, at_stripe=20)
VICTIMS = (
    "order_saga",
    "user",
    "payment",
    pytest.param("kafka", marks=pytest.mark.embedded),
    "postgres",
)


@pytest.fixture(scope="module")
def fragile(own_stack):
    """A stack of our own, as nobody else likes what happens to it."""
    return own_stack


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_process_killed_in_the_middle_of_500_orders_loses_and_doubles_nothing(fragile, victim):
    def crash():
        fragile.kill(victim)
        fragile.start(victim)

    states = {"authorized": ORDERS * 2 // 5, "rejected": ORDERS * 3 // 5}
    assert rush(fragile, ORDERS, crash) == states
