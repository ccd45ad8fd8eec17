"""Every card of the demo, through the orders API."""

import pytest
from saga_demo.cases import CASES
from support.orders import post_order, wait_for_outcome
from support.users import register_user, register_users

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_order_ends_as_its_card_requires(stack, case):
    [user] = register_users(stack, [case])
    order = wait_for_outcome(stack, post_order(stack, user))
    assert case.expected.differences(order) == []


def test_history_lists_every_message_of_a_declined_order(stack):
    user = register_user(stack, "insufficient funds")
    order = wait_for_outcome(stack, post_order(stack, user))
    assert [(entry["direction"], entry["type"]) for entry in order["history"]] == [
        ("in", "place_order"),
        ("out", "retrieve_payment_info"),
        ("in", "user.payment_info_retrieved"),
        ("out", "authorize_payment"),
        ("in", "payment.failed"),
        ("out", "order.rejected"),
    ]
    assert order["reason"]["cure"]
