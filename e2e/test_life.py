"""What becomes of an order after its hold: captured, voided, refunded, expired, or too late."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from at_stripe import ledger_of, let_it_be_heard, stripe_of
from customers import HTTP, ask, ended, eventually, order_of, post_order, reaches, register
from invariants import violations
from saga_demo.cases import CASES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from stripe_emulator.refunds import FAILS_AFTER_SECONDS

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

VISA = CASES[0]
AMOUNT = 1299
BEYOND_EVERY_HOLD_SECONDS = 9 * 86_400


@pytest.fixture(scope="module")
def life(own_stack):
    """A stack of our own, as its Stripe's clock is moved."""
    return own_stack


@pytest.fixture
def emulator(life):
    """The address at which Stripe's clock and its webhooks can be changed."""
    if not life.settings.emulated_stripe:
        pytest.skip("Stripe is not ours: neither its clock nor its webhooks can be changed")
    return life.emulator_url


@pytest.fixture
def held(life):
    """An order whose amount is on hold."""
    [user] = register(life, [VISA])
    order = ended(life, post_order(life, user, AMOUNT))
    assert order["state"] == "authorized", order
    return order["id"]


def money(order):
    return order["state"], order["captured"], order["refunded"]


def captured(stack, order, **body):
    assert ask(stack, order, "capture", **body).status_code == 202
    return reaches(stack, order, "completed")


def intent_of(stack, order):
    """What Stripe's ledger says of the order's PaymentIntent."""
    lines = ledger_of(stack)["payment_intents"]
    [line] = [line for line in lines if line["metadata"].get("saga_id") == order]
    return line


def arm(stack, **fault):
    HTTP.post(f"{stack.emulator_url}/_emulator/faults", json=fault).raise_for_status()


def events_told(order):
    return [line["type"] for line in order["history"] if line["type"].startswith("payment.")]


def test_a_capture_takes_all_that_is_held(life, held):
    assert money(captured(life, held)) == ("completed", AMOUNT, 0)


def test_a_capture_of_a_part_releases_the_rest(life, held):
    assert money(captured(life, held, amount=1000)) == ("completed", 1000, 0)
    assert [line["amount"] for line in intent_of(life, held)["releases"]] == [AMOUNT - 1000]


def test_a_cancel_before_the_capture_releases_the_hold(life, held):
    assert ask(life, held, "cancel").status_code == 202
    assert money(reaches(life, held, "canceled")) == ("canceled", 0, 0)
    assert intent_of(life, held)["status"] == "canceled"


def test_a_part_is_given_back_then_the_rest(life, held):
    captured(life, held)
    assert ask(life, held, "refund", amount=300).status_code == 202
    assert money(reaches(life, held, "completed")) == ("completed", AMOUNT, 300)
    assert ask(life, held, "refund", amount=AMOUNT).status_code == 409
    assert ask(life, held, "refund").status_code == 202
    assert money(reaches(life, held, "refunded")) == ("refunded", AMOUNT, AMOUNT)


def test_a_cancel_after_the_capture_gives_all_back(life, held):
    captured(life, held)
    assert ask(life, held, "cancel").status_code == 202
    assert money(reaches(life, held, "refunded")) == ("refunded", AMOUNT, AMOUNT)


def test_of_a_capture_and_a_cancel_at_once_both_are_explained(life, held):
    with ThreadPoolExecutor(2) as clients:
        answers = list(clients.map(lambda verb: ask(life, held, verb), ("capture", "cancel")))
    wanted = {
        (202, 409): "completed",
        (409, 202): "canceled",
        (202, 202): "refunded",  # the cancel came when the capture was done
    }[tuple(answer.status_code for answer in answers)]
    for loser in (answer for answer in answers if answer.status_code == 409):
        assert loser.json()["detail"].startswith("ignored: ")
    assert reaches(life, held, wanted)["state"] == wanted


def test_a_hold_released_by_somebody_else_at_stripe_cancels_the_order(life, held):
    stripe_of(life).v1.payment_intents.cancel(intent_of(life, held)["id"])
    let_it_be_heard(life)
    order = reaches(life, held, "canceled")
    assert (order["state"], order["reason"]["code"]) == ("canceled", "payment_canceled")


@pytest.mark.usefixtures("emulator")
def test_a_webhook_delivered_twice_has_one_effect(life, held):
    arm(life, kind="webhook_twice", endpoint="WEBHOOK payment_intent.succeeded")
    stripe_of(life).v1.payment_intents.capture(intent_of(life, held)["id"])
    order = reaches(life, held, "completed")
    assert money(order) == ("completed", AMOUNT, 0)
    assert events_told(order) == ["payment.authorized", "payment.captured"]


def test_a_refund_that_fails_once_it_was_made_leaves_the_order_paid(life, emulator):
    [user] = register(life, [replace(VISA, payment_method="pm_card_refundFail")])
    order = ended(life, post_order(life, user, AMOUNT))["id"]
    captured(life, order)
    assert ask(life, order, "refund").status_code == 202
    assert money(reaches(life, order, "refunded")) == ("refunded", AMOUNT, AMOUNT)

    url = f"{emulator}/_emulator/clock"
    HTTP.post(url, json={"advance_seconds": FAILS_AFTER_SECONDS}).raise_for_status()

    seen = reaches(life, order, "completed")
    assert money(seen) == ("completed", AMOUNT, 0)
    assert seen["reason"]["stripe_code"] == "expired_or_canceled_card"
    assert events_told(seen)[-1] == "payment.refund_failed"
    why = HTTP.get(f"{life.orders_url}/orders/{order}/why").raise_for_status().text
    assert "failed at Stripe" in why
    assert seen["history"][-1]["type"] == "order.completed"


def test_what_a_reconciliation_found_out_names_it_in_the_orders_history(life, held):
    if life.settings.emulated_stripe:  # else none comes
        arm(life, kind="webhook_lost", endpoint="WEBHOOK payment_intent.canceled")
        arm(life, kind="webhook_lost", endpoint="WEBHOOK charge.refunded")
        arm(life, kind="webhook_lost", endpoint="WEBHOOK refund.created")
    stripe_of(life).v1.payment_intents.cancel(intent_of(life, held)["id"])
    assert order_of(life, held)["state"] == "authorized"

    asked = {"by": "ann", "note": "Webhooks were lost."}
    report = HTTP.post(f"{life.payments_url}/reconcile", json=asked).raise_for_status().json()

    order = reaches(life, held, "canceled")
    causes = {line["type"]: line["causation_id"] for line in order["history"]}
    assert causes["payment.canceled"] == report["id"]
    run = HTTP.get(f"{life.payments_url}/reconciliations").json()["reconciliations"][0]
    assert (run["id"], run["by"], run["note"]) == (report["id"], "ann", "Webhooks were lost.")


def test_a_hold_that_nobody_captures_expires(life, emulator, held):
    url = f"{emulator}/_emulator/clock"
    HTTP.post(url, json={"advance_seconds": BEYOND_EVERY_HOLD_SECONDS}).raise_for_status()
    order = reaches(life, held, "expired")
    assert (order["state"], order["reason"]["code"]) == ("expired", "authorization_expired")


def test_in_the_end_stripe_the_payments_and_the_orders_agree(life):
    assert eventually(lambda: violations(life), lambda found: not found) == []


@pytest.mark.embedded
def test_a_hold_that_came_too_late_is_released(stack_folder):
    hasty = {
        "AUTHORIZATION_TIMEOUT_SECONDS": "2",
        "TIMER_GRACE_SECONDS": "0.5",
        "STRIPE_TIMEOUT_SECONDS": "4",
        "STRIPE_RETRY_SECONDS": "10",
    }
    with Stack(StackSettings(data_dir=stack_folder, service_env=hasty)) as stack:
        [user] = register(stack, [VISA])
        arm(stack, kind="timeout_after", endpoint="POST /v1/payment_intents")
        order = ended(stack, post_order(stack, user, AMOUNT), seconds=60)
        assert (order["state"], order["reason"]["code"]) == ("rejected", "authorizing_timeout")
        assert intent_of(stack, order["id"])["held"] == 0
        assert eventually(lambda: violations(stack), lambda found: not found) == []
