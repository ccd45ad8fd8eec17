"""`kill -9` of each process in the middle of 500 orders: no order is lost or handled twice."""

import pytest
from support.load import states_after_fault
from support.stacks import order_count

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

ORDERS = order_count(500, external=20)
VICTIMS = (
    "order_saga",
    "user",
    "payment",
    pytest.param("kafka", marks=pytest.mark.embedded),
    "postgres",
)


@pytest.mark.parametrize("victim", VICTIMS)
def test_orders_survive_a_process_killed_in_the_middle(own_stack, victim):
    def crash():
        own_stack.kill(victim)
        own_stack.start(victim)

    states = {"authorized": ORDERS * 2 // 5, "rejected": ORDERS * 3 // 5}
    assert states_after_fault(own_stack, ORDERS, crash) == states
