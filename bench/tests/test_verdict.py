import pytest

from bench.measuring.verdict import Verdict, judge

AUTHORIZED, REJECTED = "order.authorized", "order.rejected"


def verdict(orders, events, intents):
    return judge(orders, events, intents, REJECTED)


def test_orders_that_end_once_are_correct():
    events = {"a": [AUTHORIZED, "order.completed"], "b": [REJECTED]}
    found = verdict(["a", "b"], events, ["a", "b"])
    assert found.require_correct() == {"orders": 2, "declined": 1, "lost": 0, "doubled": 0}


def test_a_rejected_order_needs_no_payment_intent():
    assert verdict(["a"], {"a": [REJECTED]}, []) == Verdict(1, 1, 0, 0)


@pytest.mark.parametrize("events", [{}, {"a": []}])
def test_an_order_without_an_event_is_lost(events):
    assert verdict(["a"], events, ["a"]) == Verdict(1, 0, 1, 0)


@pytest.mark.parametrize(
    ("orders", "events", "intents"),
    [
        (["a"], {"a": [AUTHORIZED, AUTHORIZED]}, ["a"]),
        (["a"], {"a": [AUTHORIZED]}, ["a", "a"]),
        (["a", "a"], {"a": [AUTHORIZED]}, ["a"]),
        (["a"], {"a": [AUTHORIZED], "b": [AUTHORIZED]}, ["a", "b"]),
    ],
    ids=["two events", "two holds", "one id for two orders", "an order nobody posted"],
)
def test_an_order_is_doubled(orders, events, intents):
    found = verdict(orders, events, intents)
    assert (found.lost, found.doubled) == (0, 1)
    with pytest.raises(SystemExit, match="1 doubled"):
        found.require_correct()


def test_a_lost_order_ends_the_benchmark():
    with pytest.raises(SystemExit, match="Of 2 orders, 1 lost and 0 doubled"):
        verdict(["a", "b"], {"a": [AUTHORIZED]}, ["a"]).require_correct()
