"""Orders after their authorization: captured, canceled, refunded, expired, or held too late."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack
from stripe_emulator.operations.refunds import FAILS_AFTER_SECONDS
from support.http import HTTP
from support.invariants import violations_at_rest
from support.orders import (
    get_order,
    post_order,
    request_action,
    wait_for_outcome,
    wait_for_state,
)
from support.stripe_account import (
    advance_stripe_clock,
    inject_stripe_fault,
    ledger_line,
    reconcile_without_webhooks,
    stripe_client_of,
)
from support.users import cases, register_user, register_users

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

AMOUNT = 1299
LONGER_THAN_ANY_HOLD_SECONDS = 9 * 86_400


@pytest.fixture
def controllable_stripe(own_stack):
    """Skip the test where Stripe's clock and webhooks cannot be controlled."""
    if not own_stack.settings.emulated_stripe:
        pytest.skip("Stripe is external: its clock and its webhooks cannot be controlled")


@pytest.fixture
def authorized(own_stack):
    """Return the id of an authorized order."""
    user = register_user(own_stack, "visa")
    order = wait_for_outcome(own_stack, post_order(own_stack, user, AMOUNT))
    assert order["state"] == "authorized", order
    return order["id"]


def amounts(order):
    return order["state"], order["captured"], order["refunded"]


def capture(stack, order, **body):
    assert request_action(stack, order, "capture", **body).status_code == 202
    return wait_for_state(stack, order, "completed")


def payment_events(order):
    return [line["type"] for line in order["history"] if line["type"].startswith("payment.")]


def test_capture_takes_the_full_amount(own_stack, authorized):
    assert amounts(capture(own_stack, authorized)) == ("completed", AMOUNT, 0)


def test_partial_capture_releases_the_rest(own_stack, authorized):
    assert amounts(capture(own_stack, authorized, amount=1000)) == ("completed", 1000, 0)
    releases = ledger_line(own_stack, authorized)["releases"]
    assert [entry["amount"] for entry in releases] == [AMOUNT - 1000]


def test_cancel_before_the_capture_releases_the_hold(own_stack, authorized):
    assert request_action(own_stack, authorized, "cancel").status_code == 202
    assert amounts(wait_for_state(own_stack, authorized, "canceled")) == ("canceled", 0, 0)
    assert ledger_line(own_stack, authorized)["status"] == "canceled"


def test_partial_refund_can_be_followed_by_one_of_the_rest(own_stack, authorized):
    capture(own_stack, authorized)
    assert request_action(own_stack, authorized, "refund", amount=300).status_code == 202
    assert amounts(wait_for_state(own_stack, authorized, "completed")) == ("completed", AMOUNT, 300)
    assert request_action(own_stack, authorized, "refund", amount=AMOUNT).status_code == 409
    assert request_action(own_stack, authorized, "refund").status_code == 202
    order = wait_for_state(own_stack, authorized, "refunded")
    assert amounts(order) == ("refunded", AMOUNT, AMOUNT)


def test_cancel_after_the_capture_refunds_the_full_amount(own_stack, authorized):
    capture(own_stack, authorized)
    assert request_action(own_stack, authorized, "cancel").status_code == 202
    order = wait_for_state(own_stack, authorized, "refunded")
    assert amounts(order) == ("refunded", AMOUNT, AMOUNT)


def test_capture_and_cancel_at_once_explain_which_one_is_ignored(own_stack, authorized):
    with ThreadPoolExecutor(2) as clients:
        request = partial(request_action, own_stack, authorized)
        answers = list(clients.map(request, ("capture", "cancel")))
    expected = {
        (202, 409): "completed",
        (409, 202): "canceled",
        (202, 202): "refunded",  # the cancel came after the capture
    }[tuple(answer.status_code for answer in answers)]
    for answer in (answer for answer in answers if answer.status_code == 409):
        assert answer.json()["detail"].startswith("ignored: ")
    assert wait_for_state(own_stack, authorized, expected)["state"] == expected


def test_hold_released_at_stripe_by_another_client_cancels_the_order(own_stack, authorized):
    stripe = stripe_client_of(own_stack)
    stripe.v1.payment_intents.cancel(ledger_line(own_stack, authorized)["id"])
    reconcile_without_webhooks(own_stack)
    order = wait_for_state(own_stack, authorized, "canceled")
    assert (order["state"], order["reason"]["code"]) == ("canceled", "payment_canceled")


@pytest.mark.usefixtures("controllable_stripe")
def test_webhook_delivered_twice_has_one_effect(own_stack, authorized):
    endpoint = "WEBHOOK payment_intent.succeeded"
    inject_stripe_fault(own_stack, kind="webhook_twice", endpoint=endpoint)
    stripe = stripe_client_of(own_stack)
    stripe.v1.payment_intents.capture(ledger_line(own_stack, authorized)["id"])
    order = wait_for_state(own_stack, authorized, "completed")
    assert amounts(order) == ("completed", AMOUNT, 0)
    assert payment_events(order) == ["payment.authorized", "payment.captured"]


@pytest.mark.usefixtures("controllable_stripe")
def test_refund_that_fails_later_returns_the_order_to_completed(own_stack):
    [visa] = cases("visa")
    refund_fails = replace(visa, payment_method="pm_card_refundFail")
    [user] = register_users(own_stack, [refund_fails])
    order = wait_for_outcome(own_stack, post_order(own_stack, user, AMOUNT))["id"]
    capture(own_stack, order)
    assert request_action(own_stack, order, "refund").status_code == 202
    assert amounts(wait_for_state(own_stack, order, "refunded")) == ("refunded", AMOUNT, AMOUNT)

    advance_stripe_clock(own_stack, FAILS_AFTER_SECONDS)

    seen = wait_for_state(own_stack, order, "completed")
    assert amounts(seen) == ("completed", AMOUNT, 0)
    assert seen["reason"]["stripe_code"] == "expired_or_canceled_card"
    assert payment_events(seen)[-1] == "payment.refund_failed"
    why = HTTP.get(f"{own_stack.orders_url}/orders/{order}/why").raise_for_status().text
    assert "failed at Stripe" in why
    assert seen["history"][-1]["type"] == "order.completed"


def test_history_names_the_reconciliation_that_found_a_change(own_stack, authorized):
    if own_stack.settings.emulated_stripe:  # an external Stripe sends no webhooks here
        for event in ("payment_intent.canceled", "charge.refunded", "refund.created"):
            inject_stripe_fault(own_stack, kind="webhook_lost", endpoint=f"WEBHOOK {event}")
    stripe = stripe_client_of(own_stack)
    stripe.v1.payment_intents.cancel(ledger_line(own_stack, authorized)["id"])
    assert get_order(own_stack, authorized)["state"] == "authorized"

    body = {"by": "ann", "note": "Webhooks were lost."}
    report = HTTP.post(f"{own_stack.payments_url}/reconcile", json=body).raise_for_status().json()

    order = wait_for_state(own_stack, authorized, "canceled")
    causes = {line["type"]: line["causation_id"] for line in order["history"]}
    assert causes["payment.canceled"] == report["id"]
    runs = HTTP.get(f"{own_stack.payments_url}/reconciliations").json()["reconciliations"]
    recorded = (runs[0]["id"], runs[0]["by"], runs[0]["note"])
    assert recorded == (report["id"], "ann", "Webhooks were lost.")


@pytest.mark.usefixtures("controllable_stripe")
def test_hold_that_is_not_captured_expires(own_stack, authorized):
    advance_stripe_clock(own_stack, LONGER_THAN_ANY_HOLD_SECONDS)
    order = wait_for_state(own_stack, authorized, "expired")
    assert (order["state"], order["reason"]["code"]) == ("expired", "authorization_expired")


def test_stripe_payments_and_orders_agree_in_the_end(own_stack):
    assert violations_at_rest(own_stack) == []


@pytest.mark.embedded
def test_hold_made_after_the_deadline_is_released(stack_folder):
    short_timeouts = {
        "AUTHORIZATION_TIMEOUT_SECONDS": "2",
        "TIMER_GRACE_SECONDS": "0.5",
        "STRIPE_TIMEOUT_SECONDS": "4",
        "STRIPE_RETRY_SECONDS": "10",
    }
    with Stack(StackSettings(data_dir=stack_folder, service_env=short_timeouts)) as stack:
        user = register_user(stack, "visa")
        inject_stripe_fault(stack, kind="timeout_after", endpoint="POST /v1/payment_intents")
        order = wait_for_outcome(stack, post_order(stack, user, AMOUNT), seconds=60)
        assert (order["state"], order["reason"]["code"]) == ("rejected", "authorizing_timeout")
        assert ledger_line(stack, order["id"])["held"] == 0
        assert violations_at_rest(stack) == []
