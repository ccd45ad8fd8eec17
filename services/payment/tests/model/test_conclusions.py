"""How every operation can end, and what becomes of what waited for that."""

from dataclasses import replace
from uuid import uuid4

import pytest
from payment_service.model.authorization import Authorized, StripeUnavailable
from payment_service.model.conclusions import conclude
from payment_service.model.decisions import decide
from payment_service.model.failures import verdict_of
from payment_service.model.operations import REFRESH, Kind, Operation
from payment_service.model.payment import RefundStatus, Status
from payment_service.model.stripe_results import Missing, Refused, Returned, Seen

CAPTURED = Seen("pi_1", "succeeded", 1299, 1000)
CAPTURED_LESS = Seen("pi_1", "succeeded", 1299, 600)
CANCELED = Seen("pi_1", "canceled", 1299, cancellation_reason="abandoned")
EXPIRED = Seen("pi_1", "canceled", 1299, cancellation_reason="automatic")
UNAVAILABLE = Refused("stripe_unavailable", "")


def operation(kind, **fields):
    return Operation(kind, uuid4(), 4, **fields)


def capture():
    return operation(Kind.CAPTURE, amount=1000, currency="usd")


def cancel():
    return operation(Kind.CANCEL, reason="abandoned")


def refund(refund_id="refund-new"):
    return operation(Kind.REFUND, amount=300, currency="usd", refund_id=refund_id)


def told(decision):
    """The type of each event, its code if any, and `!` where it is a reply."""
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
    (capture, Refused("amount_too_large", ""), "authorized",
     ["payment.capture_failed amount_too_large!"]),
    (capture, UNAVAILABLE, "authorized", ["payment.capture_failed stripe_unavailable!"]),
    (cancel, CANCELED, "canceled", ["payment.canceled!"]),
    (cancel, EXPIRED, "expired", ["payment.authorization_expired", "payment.canceled!"]),
    (cancel, CAPTURED, "captured",
     ["payment.captured", "payment.cancel_failed already_captured!"]),
    (cancel, Refused("invalid_request", ""), "authorized",
     ["payment.cancel_failed invalid_request!"]),
    (lambda: REFRESH, CAPTURED, "captured", ["payment.captured"]),
    (lambda: REFRESH, CANCELED, "canceled", ["payment.canceled"]),
    (lambda: REFRESH, EXPIRED, "expired", ["payment.authorization_expired"]),
    (lambda: REFRESH, Seen("pi_1", "requires_capture", 1299), "authorized", []),
    (lambda: REFRESH, Missing("No such payment_intent"), "authorized", []),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "end", "state", "events"), ENDS)
def test_an_operation_on_a_hold_ends_as_stripe_says(known_in, asked, end, state, events):
    decision = conclude(known_in("authorized", operation=asked()), end)

    assert (decision.known.status, decision.known.operation) == (state, None)
    assert told(decision) == events


@pytest.mark.parametrize(("asked", "end", "state", "events"), ENDS)
def test_what_was_held_is_captured_released_or_held_yet(known_in, asked, end, state, events):
    known = conclude(known_in("authorized", operation=asked()), end).known

    held = known.payment.amount if known.status is Status.AUTHORIZED else 0
    assert known.captured + known.released + held == known.payment.amount


@pytest.mark.parametrize(
    ("end", "status", "events"),
    [
        (Returned("re_9", 300, "refund-new"), RefundStatus.REFUNDED, ["payment.refunded!"]),
        (Returned("re_9", 300, "refund-new", failed=True), RefundStatus.FAILED,
         ["payment.refund_failed invalid_request!"]),
        (Refused("charge_disputed", ""), RefundStatus.FAILED,
         ["payment.refund_failed charge_disputed!"]),
        (UNAVAILABLE, RefundStatus.FAILED, ["payment.refund_failed stripe_unavailable!"]),
    ],
)  # fmt: skip
def test_a_refund_ends_as_stripe_says(known_in, end, status, events):
    decision = conclude(known_in("captured", operation=refund()), end)

    assert (decision.known.status, decision.known.operation) == (Status.CAPTURED, None)
    assert decision.known.refund("refund-new").status is status
    assert told(decision) == events
    assert decision.send[0].payload.refund_id == "refund-new"


@pytest.mark.parametrize(
    ("verdict", "state", "events", "begun"),
    [
        (Authorized("pi_1"), "authorized", ["payment.authorized!"], True),
        (verdict_of(StripeUnavailable("")), "failed",
         ["payment.failed stripe_unavailable!", "payment.canceled!"], False),
    ],
)  # fmt: skip
def test_a_cancellation_that_overtook_the_authorization_is_done_after_it(
    known_in, verdict, state, events, begun
):
    canceling = cancel()
    known = known_in("pending", operation=operation(Kind.AUTHORIZE), waiting=(canceling,))

    decision = conclude(known, verdict)

    assert told(decision) == events
    assert (decision.known.status, decision.known.waiting) == (state, ())
    assert decision.known.operation == (canceling if begun else None)
    assert decision.known.attempts == known.attempts + begun


def test_what_waits_is_decided_in_its_order_until_something_is_under_way(known_in):
    waiting = (capture(), refund(), REFRESH)
    known = known_in("authorized", operation=capture(), waiting=waiting)

    decision = conclude(known, CAPTURED)

    assert told(decision) == ["payment.captured!", "payment.captured!"]
    assert decision.known.operation == waiting[1]
    assert decision.known.waiting == (REFRESH,)


def test_the_reply_answers_the_newest_command(known_in):
    asked = capture()

    (event,) = conclude(known_in("authorized", operation=asked), CAPTURED).send

    assert (event.causation_id, event.payload.attempt) == (asked.command_id, 4)


def test_a_fact_is_one_message_however_often_it_is_noticed(known_in):
    known = known_in("authorized", operation=REFRESH)

    (first,), (second,) = [conclude(known, CAPTURED).send for _ in range(2)]

    assert first.message_id == second.message_id
    assert first.causation_id is None


def test_seen_once_nothing_is_news_again(known_in):
    known = conclude(known_in("authorized", operation=REFRESH), CAPTURED).known

    for seen in (CAPTURED, CANCELED, EXPIRED, CAPTURED_LESS):
        decision = conclude(replace(known, operation=REFRESH), seen)
        assert (decision.known, decision.send) == (known, ())


def test_another_payment_intent_says_nothing_of_the_payment(known_in):
    known = known_in("authorized", operation=REFRESH)

    decision = conclude(known, replace(CANCELED, payment_intent_id="pi_2"))

    assert (decision.known.status, decision.send) == (Status.AUTHORIZED, ())


def test_refunds_that_were_made_at_stripe_are_told_once_each(known_in):
    seen = replace(CAPTURED, refunds=[Returned("re_a", 50), Returned("re_b", 60)])

    decision = conclude(known_in("captured", operation=REFRESH), seen)
    again = conclude(replace(decision.known, operation=REFRESH), seen)

    payloads = [event.payload for event in decision.send]
    assert [(each.refund_id, each.stripe_refund_id, each.amount) for each in payloads] == [
        (None, "re_a", 50),
        (None, "re_b", 60),
    ]
    assert decision.known.refunded == 200 + 50 + 60
    assert again.send == ()


def test_our_own_refunds_are_no_news(known_in):
    seen = replace(CAPTURED, refunds=[Returned("re_1", 200, "refund-done")])

    assert conclude(known_in("captured", operation=REFRESH), seen).send == ()


def test_a_refund_that_we_gave_up_and_stripe_made_is_told_with_its_id(known_in):
    seen = replace(CAPTURED, refunds=[Returned("re_9", 9, "refund-failed")])

    decision = conclude(known_in("captured", operation=REFRESH), seen)

    (event,) = decision.send
    assert (event.payload.refund_id, event.payload.attempt) == ("refund-failed", None)
    assert decision.known.refund("refund-failed").status is RefundStatus.REFUNDED


def test_a_refund_that_fails_after_it_was_told_is_not_counted_and_never_made_again(known_in):
    seen = replace(CAPTURED, refunds=[Returned("re_1", 200, "refund-done", failed=True)])

    known = conclude(known_in("captured", operation=REFRESH), seen).known
    again = decide(known, replace(refund("refund-done"), amount=200))

    assert known.refunded == 0
    assert (told(again), again.known.operation) == (
        ["payment.refund_failed invalid_request!"], None,
    )  # fmt: skip


def test_a_refund_that_fails_after_it_was_told_is_told_once_more_by_nobodys_command(known_in):
    made = Returned("re_1", 200, "refund-done", failed=True, failure_reason="declined")
    seen = replace(CAPTURED, refunds=[made])

    decision = conclude(known_in("captured", operation=REFRESH), seen)
    again = conclude(replace(decision.known, operation=REFRESH), seen)

    (event,) = decision.send
    said = event.payload
    assert (event.type, said.attempt, again.send) == ("payment.refund_failed", None, ())
    assert (said.refund_id, said.stripe_refund_id) == ("refund-done", "re_1")
    assert (said.stripe_code, "re_1" in said.message) == ("declined", True)
    assert "another way" in said.cure


def test_a_refund_that_had_failed_before_anybody_heard_of_it_is_not_told(known_in):
    seen = replace(CAPTURED, refunds=[Returned("re_a", 50, failed=True)])

    decision = conclude(known_in("captured", operation=REFRESH), seen)

    assert decision.send == ()
    assert decision.known.refund("re_a").status is RefundStatus.FAILED


def test_nothing_can_end_where_nothing_is_under_way(known_in):
    with pytest.raises(ValueError, match="nothing is under way"):
        conclude(known_in("authorized"), CAPTURED)
