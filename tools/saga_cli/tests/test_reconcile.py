"""`saga reconcile`: payments against Stripe, and orders against payments."""

import pytest
from saga_cli.order_payment_diff import find_difference, is_in_progress


def report(**changes: object) -> dict[str, object]:
    counts = {"since": "2026-02-01T12:00:00Z", "seen": 3, "not_ours": 1, "in_agreement": 1}
    return {**counts, "waiting": [], "repaired": [], "not_repaired": [], **changes}


DIFFERENCE = {
    "saga_id": "o1",
    "payment_intent_id": "pi_1",
    "action": "release",
    "reason": "no payment has it",
}


@pytest.fixture(autouse=True)
def no_orders(service):
    service.responses["/orders"] = 200, {"orders": [], "next_cursor": None}
    service.responses["/reconcile"] = 200, report()


def test_repaired_differences_are_listed(service):
    service.responses["/reconcile"] = 200, report(repaired=[DIFFERENCE])

    options = ("--by", "ann", "--note", "Webhooks were lost.")
    result = service.run("reconcile", "--since", "2026-02-01T12:00:00Z", *options)

    assert result.exit_code == 0
    assert "3 found, 1 in agreement, 1 of other systems" in result.output
    assert "pi_1" in result.output
    body = {"since": "2026-02-01T12:00:00Z", "by": "ann", "note": "Webhooks were lost."}
    assert service.requests[0] == ("POST", "/reconcile", body)


def test_the_holds_to_release_are_passed_on(service):
    options = ("--release", "pi_1", "--release", "pi_2", "--release-limit", "50")

    assert service.run("reconcile", "--by", "ann", *options).exit_code == 0
    _, _, body = service.requests[0]
    assert (body["release"], body["release_limit"]) == (["pi_1", "pi_2"], 50)


def test_differences_that_were_not_repaired_end_the_command_with_1(service):
    service.responses["/reconcile"] = 200, report(not_repaired=[DIFFERENCE])

    result = service.run("reconcile")

    assert result.exit_code == 1
    assert "no payment has it" in result.output


def order(state, **changes):
    money = {"amount": 1299, "currency": "usd", "captured": 0, "refunded": 0}
    return {"id": "o1", "state": state, "updated_at": "2026-02-01T12:00:00Z", **money, **changes}


def payment(status, **changes):
    money = {"amount": 1299, "currency": "usd", "captured": 0, "refunded": 0}
    return {"saga_id": "o1", "status": status, "operation": None, **money, **changes}


AGREE = [
    (order("authorized"), payment("authorized")),
    (order("completed", captured=1000), payment("captured", captured=1000)),
    (
        order("refunded", captured=1000, refunded=1000),
        payment("captured", captured=1000, refunded=1000),
    ),
    (order("rejected"), payment("failed")),
    (order("rejected"), None),
    (order("canceled"), payment("canceled", amount=None, currency=None)),
    (order("expired"), payment("expired")),
]
DIFFER = [
    (order("authorized"), None, "it has no payment"),
    (order("authorized"), payment("expired"), "status is authorized in the order and expired"),
    (order("authorized"), payment("authorized", amount=5), "amount is 1299 in the order and 5"),
    (
        order("canceled"),
        payment("authorized"),
        "the order is canceled, but its payment is authorized",
    ),
    (order("expired"), payment("captured", captured=5), "the order is expired"),
    (order("completed", captured=10), payment("captured", captured=9), "captured is 10"),
    (
        order("completed", captured=10),
        payment("captured", captured=10, refunded=4),
        "refunded is 0 in the order and 4 in its payment",
    ),
]


@pytest.mark.parametrize(("of_order", "of_payment"), AGREE)
def test_an_order_agrees_with_its_payment(of_order, of_payment):
    assert find_difference(of_order, of_payment) == ""
    assert not is_in_progress(of_order, of_payment)


@pytest.mark.parametrize(("of_order", "of_payment", "expected"), DIFFER)
def test_a_difference_between_order_and_payment_is_described(of_order, of_payment, expected):
    assert expected in find_difference(of_order, of_payment)


@pytest.mark.parametrize("state", ["authorizing", "capturing", "canceling", "needs_attention"])
def test_an_order_in_progress_is_not_compared(state):
    assert is_in_progress(order(state), None)
    assert is_in_progress(order("authorized"), payment("authorized", operation={"kind": "capture"}))


def test_an_order_that_differs_ends_the_command_with_1(service):
    service.responses["/orders"] = 200, {"orders": [order("authorized")], "next_cursor": None}
    service.responses["/payments/o1"] = 404, {"title": "There is no such payment."}
    service.responses["/orders/o1"] = 200, order("authorized")

    result = service.run("reconcile")

    assert result.exit_code == 1
    assert "1 compared, 0 in progress, 1 differ." in result.output
    assert "the order is authorized, but it has no payment" in result.output


def test_an_order_that_changes_meanwhile_is_in_progress(service):
    service.responses["/orders"] = 200, {"orders": [order("authorized")], "next_cursor": None}
    service.responses["/payments/o1"] = 200, payment("canceled")
    service.responses["/orders/o1"] = 200, order("canceled", updated_at="2026-02-01T12:00:01Z")

    result = service.run("reconcile")

    assert result.exit_code == 0
    assert "0 compared, 1 in progress, 0 differ." in result.output


def test_no_more_orders_are_read_than_requested(service):
    service.responses["/orders"] = 200, {"orders": [], "next_cursor": "next"}

    assert service.run("reconcile", "--orders", "150").exit_code == 0

    read = [path for _, path, _ in service.requests if path.startswith("/orders?")]
    assert read == ["/orders?limit=100", "/orders?limit=50&cursor=next"]
