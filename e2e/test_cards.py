"""Every card of the demo, through HTTP: each order ends as its card says."""

import pytest
from customers import ended, post_order, register
from saga_demo.cases import CASES

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_an_order_ends_as_its_card_says(stack, case):
    [user] = register(stack, [case])
    order = ended(stack, post_order(stack, user))
    assert case.expected.differences(order) == []


def test_the_history_tells_the_whole_story(stack):
    [user] = register(stack, [case for case in CASES if case.title == "insufficient funds"])
    order = ended(stack, post_order(stack, user))
    assert [(entry["direction"], entry["type"]) for entry in order["history"]] == [
        ("in", "place_order"),
        ("out", "retrieve_payment_info"),
        ("in", "user.payment_info_retrieved"),
        ("out", "authorize_payment"),
        ("in", "payment.failed"),
        ("out", "order.rejected"),
    ]
    assert order["reason"]["cure"]
