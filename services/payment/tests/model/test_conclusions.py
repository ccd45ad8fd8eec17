"""Every end of every operation, and the decisions on the waiting ones."""

from dataclasses import replace
from uuid import uuid4

import pytest
from payment_service.model.authorization import Authorized, StripeUnavailable
from payment_service.model.conclusions import conclude
from payment_service.model.decisions import decide
from payment_service.model.failures import authorization_result
from payment_service.model.operations import REFRESH, Operation, OperationKind
from payment_service.model.payment import PaymentStatus, RefundStatus
from payment_service.model.stripe_results import IntentSnapshot, NotFound, RefundSnapshot, Rejected

CAPTURED = IntentSnapshot("pi_1", "succeeded", 1299, 1000)
CAPTURED_LESS = IntentSnapshot("pi_1", "succeeded", 1299, 600)
CANCELED = IntentSnapshot("pi_1", "canceled", 1299, cancellation_reason="abandoned")
EXPIRED = IntentSnapshot("pi_1", "canceled", 1299, cancellation_reason="automatic")
UNAVAILABLE = Rejected("stripe_unavailable", "")


def operation(kind, **fields):
    return Operation(kind, uuid4(), 4, **fields)


def capture():
    return operation(OperationKind.CAPTURE, amount=1000, currency="usd")


def cancel():
    return operation(OperationKind.CANCEL, reason="abandoned")


def refund(refund_id="refund-new"):
    return operation(OperationKind.REFUND, amount=300, currency="usd", refund_id=refund_id)


def described(decision):
    """Return the type of each event, its code if any, and `!` if it is a reply."""
    return [
        f"{event.type}{' ' + event.payload.code if hasattr(event.payload, 'code') else ''}"
        f"{'!' if event.payload.attempt else ''}"
        for event in decision.send
    ]


ENDS = [
    (capture, CAPTURED, "captured", ["payment.captured!"]),
    (capture, CAPTURED_LESS, "captured",
     ["payment.captured", "payment.capture_failed already_captured!"]),
    (capture, CANCELED, "canceled", ["payment.canceled!"]),
    (capture, EXPIRED, "expired", ["payment.authorization_expired!"]),
    (capture, Rejected("amount_too_large", ""), "authorized",
     ["payment.capture_failed amount_too_large!"]),
    (capture, UNAVAILABLE, "authorized", ["payment.capture_failed stripe_unavailable!"]),
    (cancel, CANCELED, "canceled", ["payment.canceled!"]),
    (cancel, EXPIRED, "expired", ["payment.authorization_expired", "payment.canceled!"]),
    (cancel, CAPTURED, "captured",
     ["payment.captured", "payment.cancel_failed already_captured!"]),
    (cancel, Rejected("invalid_request", ""), "authorized",
     ["payment.cancel_failed invalid_request!"]),
    (lambda: REFRESH, CAPTURED, "captured", ["payment.captured"]),
    (lambda: REFRESH, CANCELED, "canceled", ["payment.canceled"]),
    (lambda: REFRESH, EXPIRED, "expired", ["payment.authorization_expired"]),
    (lambda: REFRESH, IntentSnapshot("pi_1", "requires_capture", 1299), "authorized", []),
    (lambda: REFRESH, NotFound("No such payment_intent"), "authorized", []),
]  # fmt: skip


@pytest.mark.parametrize(("requested", "end", "state", "events"), ENDS)
def test_an_operation_on_a_hold_ends_in_stripes_state(payment_in, requested, end, state, events):
    decision = conclude(payment_in("authorized", operation=requested()), end)

    assert (decision.payment.status, decision.payment.operation) == (state, None)
    assert described(decision) == events


@pytest.mark.parametrize(("requested", "end", "state", "events"), ENDS)
def test_the_held_amount_is_captured_released_or_still_held(
    payment_in, requested, end, state, events
):
    payment = conclude(payment_in("authorized", operation=requested()), end).payment

    held = payment.request.amount if payment.status is PaymentStatus.AUTHORIZED else 0
    assert payment.captured + payment.released + held == payment.request.amount


@pytest.mark.parametrize(
    ("end", "status", "events"),
    [
        (RefundSnapshot("re_9", 300, "refund-new"), RefundStatus.REFUNDED, ["payment.refunded!"]),
        (RefundSnapshot("re_9", 300, "refund-new", failed=True), RefundStatus.FAILED,
         ["payment.refund_failed invalid_request!"]),
        (Rejected("charge_disputed", ""), RefundStatus.FAILED,
         ["payment.refund_failed charge_disputed!"]),
        (UNAVAILABLE, RefundStatus.FAILED, ["payment.refund_failed stripe_unavailable!"]),
    ],
)  # fmt: skip
def test_a_refund_ends_in_stripes_state(payment_in, end, status, events):
    decision = conclude(payment_in("captured", operation=refund()), end)

    assert (decision.payment.status, decision.payment.operation) == (PaymentStatus.CAPTURED, None)
    assert decision.payment.refund("refund-new").status is status
    assert described(decision) == events
    assert decision.send[0].payload.refund_id == "refund-new"


@pytest.mark.parametrize(
    ("result", "state", "events", "begun"),
    [
        (Authorized("pi_1"), "authorized", ["payment.authorized!"], True),
        (authorization_result(StripeUnavailable("")), "failed",
         ["payment.failed stripe_unavailable!", "payment.canceled!"], False),
    ],
)  # fmt: skip
def test_a_waiting_cancellation_is_decided_after_the_authorization(
    payment_in, result, state, events, begun
):
    canceling = cancel()
    payment = payment_in(
        "pending", operation=operation(OperationKind.AUTHORIZE), waiting=(canceling,)
    )

    decision = conclude(payment, result)

    assert described(decision) == events
    assert (decision.payment.status, decision.payment.waiting) == (state, ())
    assert decision.payment.operation == (canceling if begun else None)
    assert decision.payment.attempts == payment.attempts + begun


def test_waiting_operations_are_decided_in_order_until_one_is_in_progress(payment_in):
    waiting = (capture(), refund(), REFRESH)
    payment = payment_in("authorized", operation=capture(), waiting=waiting)

    decision = conclude(payment, CAPTURED)

    assert described(decision) == ["payment.captured!", "payment.captured!"]
    assert decision.payment.operation == waiting[1]
    assert decision.payment.waiting == (REFRESH,)


def test_the_reply_goes_to_the_newest_command(payment_in):
    requested = capture()

    (event,) = conclude(payment_in("authorized", operation=requested), CAPTURED).send

    assert (event.causation_id, event.payload.attempt) == (requested.command_id, 4)


def test_an_unsolicited_event_has_the_same_id_every_time(payment_in):
    payment = payment_in("authorized", operation=REFRESH)

    (first,), (second,) = [conclude(payment, CAPTURED).send for _ in range(2)]

    assert first.message_id == second.message_id
    assert first.causation_id is None


def test_the_same_snapshot_again_changes_nothing(payment_in):
    payment = conclude(payment_in("authorized", operation=REFRESH), CAPTURED).payment

    for intent in (CAPTURED, CANCELED, EXPIRED, CAPTURED_LESS):
        decision = conclude(replace(payment, operation=REFRESH), intent)
        assert (decision.payment, decision.send) == (payment, ())


def test_another_payment_intent_is_ignored(payment_in):
    payment = payment_in("authorized", operation=REFRESH)

    decision = conclude(payment, replace(CANCELED, payment_intent_id="pi_2"))

    assert (decision.payment.status, decision.send) == (PaymentStatus.AUTHORIZED, ())


def test_each_dashboard_refund_is_published_once(payment_in):
    intent = replace(CAPTURED, refunds=[RefundSnapshot("re_a", 50), RefundSnapshot("re_b", 60)])

    decision = conclude(payment_in("captured", operation=REFRESH), intent)
    again = conclude(replace(decision.payment, operation=REFRESH), intent)

    payloads = [event.payload for event in decision.send]
    assert [
        (payload.refund_id, payload.stripe_refund_id, payload.amount) for payload in payloads
    ] == [
        (None, "re_a", 50),
        (None, "re_b", 60),
    ]
    assert decision.payment.refunded == 200 + 50 + 60
    assert again.send == ()


def test_our_own_refunds_change_nothing(payment_in):
    intent = replace(CAPTURED, refunds=[RefundSnapshot("re_1", 200, "refund-done")])

    assert conclude(payment_in("captured", operation=REFRESH), intent).send == ()


def test_an_abandoned_refund_that_appears_at_stripe_is_published_with_its_id(payment_in):
    intent = replace(CAPTURED, refunds=[RefundSnapshot("re_9", 9, "refund-failed")])

    decision = conclude(payment_in("captured", operation=REFRESH), intent)

    (event,) = decision.send
    assert (event.payload.refund_id, event.payload.attempt) == ("refund-failed", None)
    assert decision.payment.refund("refund-failed").status is RefundStatus.REFUNDED


def test_a_refund_that_fails_later_is_not_counted_and_never_retried(payment_in):
    intent = replace(CAPTURED, refunds=[RefundSnapshot("re_1", 200, "refund-done", failed=True)])

    payment = conclude(payment_in("captured", operation=REFRESH), intent).payment
    again = decide(payment, replace(refund("refund-done"), amount=200))

    assert payment.refunded == 0
    assert (described(again), again.payment.operation) == (
        ["payment.refund_failed invalid_request!"], None,
    )  # fmt: skip


def test_a_refund_that_fails_later_is_published_once_without_an_attempt(payment_in):
    made = RefundSnapshot("re_1", 200, "refund-done", failed=True, failure_reason="declined")
    intent = replace(CAPTURED, refunds=[made])

    decision = conclude(payment_in("captured", operation=REFRESH), intent)
    again = conclude(replace(decision.payment, operation=REFRESH), intent)

    (event,) = decision.send
    payload = event.payload
    assert (event.type, payload.attempt, again.send) == ("payment.refund_failed", None, ())
    assert (payload.refund_id, payload.stripe_refund_id) == ("refund-done", "re_1")
    assert (payload.stripe_code, "re_1" in payload.message) == ("declined", True)
    assert "another way" in payload.cure


def test_a_refund_that_was_never_successful_is_not_published(payment_in):
    intent = replace(CAPTURED, refunds=[RefundSnapshot("re_a", 50, failed=True)])

    decision = conclude(payment_in("captured", operation=REFRESH), intent)

    assert decision.send == ()
    assert decision.payment.refund("re_a").status is RefundStatus.FAILED


def test_concluding_an_idle_payment_raises(payment_in):
    with pytest.raises(ValueError, match="no operation is in progress"):
        conclude(payment_in("authorized"), CAPTURED)
