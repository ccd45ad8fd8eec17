"""From the hold to the captured amount, and back: captures, refunds, disputes."""

import pytest


def test_a_capture_without_an_amount_captures_the_full_hold(order):
    order.authorized().when_requested("capture")
    order.expect_command("capture_payment", amount=1299, currency="usd", attempt=1)
    order.expect_state("capturing").expect_deadline_in(seconds=60)

    order.when_reply("payment.captured")
    order.expect_published("order.completed", captured=1299, payment_intent_id="pi_1")
    order.expect_state("completed").expect_saga(captured=1299, compensations=(), pending=None)


def test_a_partial_capture_is_accepted_and_one_above_the_hold_is_not(order):
    order.authorized().when_requested("capture", amount=1300)
    order.expect_ignored(because="amount: 1300 exceeds the 1299 held").expect_state("authorized")

    order.when_requested("capture", amount=500).expect_command("capture_payment", amount=500)
    order.when_reply("payment.captured").expect_published("order.completed", captured=500)


def test_a_second_capture_is_ignored_with_a_reason(order):
    order.authorized().when_requested("capture", amount=500).expect_command("capture_payment")

    order.when_requested("capture", amount=700)
    order.expect_ignored(because="capture_requested is not accepted while capturing")

    order.when_reply("payment.captured").expect_saga(captured=500)
    order.when_requested("capture").expect_ignored(because="capture_requested is not accepted")


def test_a_cancel_is_ignored_during_a_capture_and_refunds_after_it(order):
    order.capturing().when_requested("cancel").expect_ignored(
        because="not accepted while capturing"
    )
    order.when_reply("payment.captured")

    order.when_requested("cancel", note="Cold").expect_command("refund_payment", amount=1299)
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=1299)
    order.expect_state("refunded").expect_reason("canceled", "Cold")


def test_a_refused_capture_keeps_the_hold_and_publishes_nothing(order):
    order.capturing().when_reply("payment.capture_failed").expect_nothing_sent()
    order.expect_state("authorized").expect_reason("invalid_request").expect_saga(pending=None)

    order.when_requested("capture", amount=700).expect_command("capture_payment", attempt=2)
    order.when_reply("payment.captured", attempt=1, amount=1299)
    order.expect_ignored(because="reply to attempt 1; attempt 2 is in flight")
    order.when_reply("payment.captured").expect_saga(captured=700, reason=None)


def test_a_hold_that_ends_after_a_refused_capture_has_its_own_reason(order):
    order.capturing().when_reply("payment.capture_failed").when_event("payment.canceled")

    order.expect_published("order.canceled").expect_reason("payment_canceled")


@pytest.mark.parametrize(
    ("event", "state"),
    [("payment.authorization_expired", "expired"), ("payment.canceled", "canceled")],
)
@pytest.mark.parametrize("attempt", [None, 1])
def test_a_capture_of_an_ended_hold_ends_the_order(order, event, state, attempt):
    order.capturing().when_event(event, attempt=attempt).expect_published(f"order.{state}")

    order.when_reply("payment.capture_failed").expect_ignored(because=f"already {state}")
    order.when_reply("payment.captured").expect_published("order.needs_attention")


def test_a_capture_is_tried_five_times_then_parked_and_can_be_retried(order):
    order.capturing(500)
    for attempt, seconds in ((2, 120), (3, 240), (4, 480), (5, 960)):
        order.when_timed_out().expect_deadline_in(seconds)
        order.expect_command("capture_payment", amount=500, attempt=attempt)
    order.when_timed_out().expect_published("order.needs_attention")
    order.expect_reason("capturing_timeout")

    order.when_requested("retry").expect_command("capture_payment", amount=500, attempt=6)
    order.when_reply("payment.captured").expect_published("order.completed", captured=500)
    order.expect_saga(reason=None, captured=500)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ("payment.captured", "completed"),
        ("payment.capture_failed", "authorized"),
        ("payment.authorization_expired", "expired"),
        ("payment.canceled", "canceled"),
    ],
)
def test_a_late_reply_to_a_parked_capture_is_accepted(order, reply, state):
    order.capturing().when_every_try_times_out()
    newest = order.saga.attempt

    order.when_reply(reply, attempt=newest - 1).expect_ignored(
        because=f"attempt {newest} is in flight"
    )
    order.when_reply(reply, attempt=newest).expect_state(state).expect_saga(parked=None)


def test_a_parked_capture_without_a_captured_amount_resolves_as_canceled_only(order):
    order.capturing().when_every_try_times_out()

    order.when_requested("resolve", **{"as": "completed"}).expect_ignored(
        because="nothing was captured"
    )
    order.when_requested("resolve", **{"as": "canceled"}).expect_published("order.canceled")


def test_a_capture_in_the_dashboard_completes_the_order_with_its_amount(order):
    order.authorized().when_event("payment.captured", amount=900)

    order.expect_published("order.completed", captured=900).expect_saga(
        compensations=(), captured=900
    )


def test_a_capture_in_the_dashboard_completes_the_order_while_ours_is_in_flight(order):
    order.capturing(500).when_event("payment.captured", amount=900).expect_state("completed")

    order.when_reply("payment.capture_failed", code="already_captured")
    order.expect_ignored(because="unsolicited reply: completed has no command in flight")
    order.expect_saga(captured=900).expect_reason("captured_otherwise")


def test_partial_refunds_are_accepted_until_nothing_is_left(order):
    order.completed().when_requested("refund", amount=300)
    order.expect_command("refund_payment", amount=300, attempt=1)
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=300)
    order.expect_state("completed")

    order.when_requested("refund", amount=1000).expect_ignored(
        because="amount: 1000 exceeds the 999 left to refund"
    )

    order.when_requested("refund", amount=500).expect_command(
        "refund_payment", amount=500, attempt=2
    )
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=800)

    order.when_requested("refund").expect_command("refund_payment", amount=499, attempt=3)
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=1299)
    order.expect_state("refunded")
    order.when_requested("refund").expect_ignored(because="already refunded")


def test_each_refund_has_its_own_id_and_each_try_has_the_same(order):
    order.completed().when_requested("refund", amount=300)
    order.when_timed_out().when_reply("payment.refunded").when_requested("refund", amount=300)

    first, again, second = [
        message.payload.refund_id for message in order.sent if message.type == "refund_payment"
    ]
    assert first == again != second


def test_a_refund_counts_once_however_often_its_event_arrives(order):
    order.refunding(300).when_reply("payment.refunded")
    first = order.steps[-1][1]
    order.when(first).expect_ignored(because="already counted")

    order.when_requested("refund", amount=200).when(first)
    order.expect_ignored(because="already counted").expect_state("refunding")

    order.when_timed_out().when_reply("payment.refunded", attempt=2)
    order.expect_published("order.refunded", refunded=500)
    order.when_reply("payment.refunded").expect_ignored(because="already counted")


@pytest.mark.parametrize(("amount", "state"), [(300, "completed"), (1299, "refunded")])
def test_a_refund_reported_after_an_operator_resolved_the_order_counts(order, amount, state):
    order.refunding(amount).when_every_try_times_out().when_requested(
        "resolve", **{"as": "completed"}
    )

    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=amount)
    order.expect_state(state)


def test_a_refund_reported_while_another_is_in_flight_counts(order):
    order.refunding(300).when_every_try_times_out().when_requested("resolve", **{"as": "completed"})
    late = order.messages.of("payment.refunded", attempt=5, amount=300, refund_id="first")
    order.when_requested("refund", amount=200)

    order.when(late).expect_published("order.refunded", refunded=300).expect_state("refunding")
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=500)


def test_a_refused_refund_keeps_the_order_completed(order):
    order.refunding(300).when_reply("payment.refund_failed", code="charge_disputed")

    order.expect_nothing_sent().expect_state("completed").expect_reason("charge_disputed")


def test_requests_are_ignored_while_a_refund_is_in_flight(order):
    order.refunding(300).when_requested("refund").expect_ignored(
        because="not accepted while refunding"
    )

    order.when_requested("cancel").expect_ignored(because="not accepted while refunding")


def test_a_refund_in_the_dashboard_counts_in_addition_to_ours(order):
    order.completed().when_event("payment.refunded", stripe_refund_id="re_2", amount=99)
    order.expect_published("order.refunded", refunded=99).expect_state("completed")

    order.when_requested("refund", amount=200).when_event("payment.refunded", amount=1000)
    order.expect_published("order.refunded", refunded=1099).expect_state("refunding")
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=1299)
    order.expect_state("refunded")


def test_a_full_refund_in_the_dashboard_ends_the_order(order):
    order.completed().when_event("payment.refunded", amount=1299).expect_state("refunded")


def test_a_refund_that_fails_after_a_full_refund_in_the_dashboard_ends_the_order(order):
    order.refunding().when_event("payment.refunded", amount=1299)

    order.when_reply("payment.refund_failed", code="amount_too_large")
    order.expect_published("order.refunded", refunded=1299).expect_state("refunded")


def test_a_refund_is_tried_five_times_then_parked_and_can_be_retried(order):
    order.refunding(300).when_every_try_times_out().expect_published("order.needs_attention")
    order.expect_reason("refunding_timeout").expect_saga(parked="refunding")

    order.when_requested("retry").expect_command("refund_payment", amount=300, attempt=6)
    order.when_every_try_times_out().expect_state("needs_attention")
    order.when_requested("retry").expect_command("refund_payment", amount=300, attempt=11)
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=300)


@pytest.mark.parametrize(
    ("amount", "reply", "state"),
    [
        (300, "payment.refunded", "completed"),
        (None, "payment.refunded", "refunded"),
        (300, "payment.refund_failed", "completed"),
    ],
)
def test_a_late_reply_to_a_parked_refund_is_accepted(order, amount, reply, state):
    order.refunding(amount).when_every_try_times_out().when_reply(reply).expect_state(state)


def test_a_refund_in_the_dashboard_counts_while_ours_is_parked(order):
    order.refunding(300).when_every_try_times_out().when_event("payment.refunded", amount=1299)
    order.expect_state("needs_attention").expect_saga(refunded=1299)

    order.when_reply("payment.refund_failed", code="amount_too_large").expect_state("refunded")


@pytest.mark.parametrize(
    ("state", "refunded", "announced"),
    [("completed", 0, "order.completed"), ("refunded", 1299, "order.refunded")],
)
def test_an_operator_resolves_a_parked_refund(order, state, refunded, announced):
    order.refunding(300).when_every_try_times_out().when_requested("resolve", **{"as": state})

    order.expect_published(announced).expect_state(state).expect_saga(refunded=refunded)


def test_a_fully_refunded_order_resolved_as_completed_accepts_no_refund(order):
    order.refunding(300).when_every_try_times_out().when_event("payment.refunded", amount=1299)
    order.when_requested("resolve", **{"as": "completed"}).expect_state("completed")

    order.when_requested("refund").expect_ignored(because="all of the 1299 captured was refunded")
    order.when_requested("cancel").expect_ignored(because="all of the 1299 captured was refunded")


@pytest.mark.parametrize("stage", ["authorized", "capturing", "completed", "refunding"])
def test_a_dispute_is_kept_in_every_state(order, stage):
    getattr(order, stage)().when_event("payment.disputed")

    order.expect_nothing_sent().expect_state(stage).expect_saga(disputed=True)


@pytest.mark.parametrize("stage", ["authorizing", "authorized", "capturing"])
@pytest.mark.parametrize(("refunded", "state"), [(300, "completed"), (1299, "refunded")])
def test_a_refund_event_can_arrive_before_the_capture_event(order, stage, refunded, state):
    getattr(order, stage)().when_event("payment.refunded", amount=refunded).expect_state(stage)

    order.when_event("payment.captured").expect_state(state).expect_saga(refunded=refunded)


def test_a_parked_capture_captured_and_refunded_in_the_dashboard_ends_refunded(order):
    order.capturing().when_every_try_times_out()
    order.when_event("payment.refunded", amount=1299).expect_state("needs_attention")

    order.when_event("payment.captured").expect_published("order.refunded", refunded=1299)
