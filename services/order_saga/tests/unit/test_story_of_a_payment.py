"""From the hold to the money, and back: captures, refunds, disputes."""

import pytest


def test_all_of_the_hold_is_captured_where_no_amount_is_said(order):
    order.authorized().when_asked("capture")
    order.expect_command("capture_payment", amount=1299, currency="usd", attempt=1)
    order.expect_state("capturing").expect_wait_of(seconds=60)

    order.when_reply("payment.captured")
    order.expect_announced("order.completed", captured=1299, payment_intent_id="pi_1")
    order.expect_state("completed").expect_memory(captured=1299, compensations=(), pending=None)


def test_a_part_of_the_hold_is_captured_and_more_than_it_is_not(order):
    order.authorized().when_asked("capture", amount=1300)
    order.expect_ignored(because="amount: 1300 exceeds the 1299 held").expect_state("authorized")

    order.when_asked("capture", amount=500).expect_command("capture_payment", amount=500)
    order.when_reply("payment.captured").expect_announced("order.completed", captured=500)


def test_of_two_captures_one_wins_and_the_other_is_told_why(order):
    order.authorized().when_asked("capture", amount=500).expect_command("capture_payment")

    order.when_asked("capture", amount=700)
    order.expect_ignored(because="capture_requested is not accepted while capturing")

    order.when_reply("payment.captured").expect_memory(captured=500)
    order.when_asked("capture").expect_ignored(because="capture_requested is not accepted")


def test_of_a_capture_and_a_cancel_the_first_wins_and_a_cancel_after_it_refunds(order):
    order.capturing().when_asked("cancel").expect_ignored(because="not accepted while capturing")
    order.when_reply("payment.captured")

    order.when_asked("cancel", note="Cold").expect_command("refund_payment", amount=1299)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=1299)
    order.expect_state("refunded").expect_reason("canceled", "Cold")


def test_a_refused_capture_leaves_the_hold_and_the_world_in_peace(order):
    order.capturing().when_reply("payment.capture_failed").expect_nothing_sent()
    order.expect_state("authorized").expect_reason("invalid_request").expect_memory(pending=None)

    order.when_asked("capture", amount=700).expect_command("capture_payment", attempt=2)
    order.when_reply("payment.captured", attempt=1, amount=1299)
    order.expect_ignored(because="reply to attempt 1; attempt 2 is in flight")
    order.when_reply("payment.captured").expect_memory(captured=700, reason=None)


def test_a_hold_that_ends_after_a_refused_capture_says_why_it_ended(order):
    order.capturing().when_reply("payment.capture_failed").when_told("payment.canceled")

    order.expect_announced("order.canceled").expect_reason("payment_canceled")


@pytest.mark.parametrize(
    ("event", "state"),
    [("payment.authorization_expired", "expired"), ("payment.canceled", "canceled")],
)
@pytest.mark.parametrize("attempt", [None, 1])
def test_a_capture_of_a_hold_that_is_gone_ends_the_order(order, event, state, attempt):
    order.capturing().when_told(event, attempt=attempt).expect_announced(f"order.{state}")

    order.when_reply("payment.capture_failed").expect_ignored(because=f"already {state}")
    order.when_reply("payment.captured").expect_announced("order.needs_attention")


def test_a_capture_is_tried_five_times_then_parked_retried_and_done(order):
    order.capturing(500)
    for attempt, seconds in ((2, 120), (3, 240), (4, 480), (5, 960)):
        order.when_time_runs_out().expect_wait_of(seconds)
        order.expect_command("capture_payment", amount=500, attempt=attempt)
    order.when_time_runs_out().expect_announced("order.needs_attention")
    order.expect_reason("capturing_timeout")

    order.when_asked("retry").expect_command("capture_payment", amount=500, attempt=6)
    order.when_reply("payment.captured").expect_announced("order.completed", captured=500)
    order.expect_memory(reason=None, captured=500)


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ("payment.captured", "completed"),
        ("payment.capture_failed", "authorized"),
        ("payment.authorization_expired", "expired"),
        ("payment.canceled", "canceled"),
    ],
)
def test_a_late_reply_to_a_parked_capture_counts(order, reply, state):
    order.capturing().when_every_try_times_out()
    newest = order.saga.attempt

    order.when_reply(reply, attempt=newest - 1).expect_ignored(
        because=f"attempt {newest} is in flight"
    )
    order.when_reply(reply, attempt=newest).expect_state(state).expect_memory(parked=None)


def test_a_parked_capture_that_was_undone_by_hand_is_resolved(order):
    order.capturing().when_every_try_times_out()

    order.when_asked("resolve", **{"as": "completed"}).expect_ignored(
        because="nothing was captured"
    )
    order.when_asked("resolve", **{"as": "canceled"}).expect_announced("order.canceled")


def test_a_capture_in_the_dashboard_completes_the_order_with_what_was_taken(order):
    order.authorized().when_told("payment.captured", amount=900)

    order.expect_announced("order.completed", captured=900).expect_memory(
        compensations=(), captured=900
    )


def test_a_capture_in_the_dashboard_beats_ours_and_ours_is_told_so(order):
    order.capturing(500).when_told("payment.captured", amount=900).expect_state("completed")

    order.when_reply("payment.capture_failed", code="already_captured")
    order.expect_ignored(because="unsolicited reply: completed has no command in flight")
    order.expect_memory(captured=900).expect_reason("captured_otherwise")


def test_parts_are_given_back_until_nothing_is_left(order):
    order.completed().when_asked("refund", amount=300)
    order.expect_command("refund_payment", amount=300, attempt=1)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=300)
    order.expect_state("completed")

    order.when_asked("refund", amount=1000).expect_ignored(
        because="amount: 1000 exceeds the 999 left to refund"
    )

    order.when_asked("refund", amount=500).expect_command("refund_payment", amount=500, attempt=2)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=800)

    order.when_asked("refund").expect_command("refund_payment", amount=499, attempt=3)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=1299)
    order.expect_state("refunded")
    order.when_asked("refund").expect_ignored(because="already refunded")


def test_each_refund_has_an_id_of_its_own_and_every_try_of_it_the_same(order):
    order.completed().when_asked("refund", amount=300)
    order.when_time_runs_out().when_reply("payment.refunded").when_asked("refund", amount=300)

    first, again, second = [
        message.payload.refund_id for message in order.sent if message.type == "refund_payment"
    ]
    assert first == again != second


def test_a_refund_counts_once_however_often_and_whenever_it_is_told(order):
    order.refunding(300).when_reply("payment.refunded")
    first = order.told[-1][1]
    order.when(first).expect_ignored(because="already counted")

    order.when_asked("refund", amount=200).when(first)
    order.expect_ignored(because="already counted").expect_state("refunding")

    order.when_time_runs_out().when_reply("payment.refunded", attempt=2)
    order.expect_announced("order.refunded", refunded=500)
    order.when_reply("payment.refunded").expect_ignored(because="already counted")


@pytest.mark.parametrize(("amount", "state"), [(300, "completed"), (1299, "refunded")])
def test_a_refund_that_is_heard_of_after_a_person_resolved_it_otherwise_still_counts(
    order, amount, state
):
    order.refunding(amount).when_every_try_times_out().when_asked("resolve", **{"as": "completed"})

    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=amount)
    order.expect_state(state)


def test_a_refund_that_is_heard_of_while_another_is_under_way_counts_beside_it(order):
    order.refunding(300).when_every_try_times_out().when_asked("resolve", **{"as": "completed"})
    late = order.messages.of("payment.refunded", attempt=5, amount=300, refund_id="first")
    order.when_asked("refund", amount=200)

    order.when(late).expect_announced("order.refunded", refunded=300).expect_state("refunding")
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=500)


def test_a_refused_refund_leaves_the_order_paid(order):
    order.refunding(300).when_reply("payment.refund_failed", code="charge_disputed")

    order.expect_nothing_sent().expect_state("completed").expect_reason("charge_disputed")


def test_while_a_refund_is_under_way_another_request_loses(order):
    order.refunding(300).when_asked("refund").expect_ignored(because="not accepted while refunding")

    order.when_asked("cancel").expect_ignored(because="not accepted while refunding")


def test_a_refund_in_the_dashboard_counts_beside_ours(order):
    order.completed().when_told("payment.refunded", stripe_refund_id="re_2", amount=99)
    order.expect_announced("order.refunded", refunded=99).expect_state("completed")

    order.when_asked("refund", amount=200).when_told("payment.refunded", amount=1000)
    order.expect_announced("order.refunded", refunded=1099).expect_state("refunding")
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=1299)
    order.expect_state("refunded")


def test_a_refund_in_the_dashboard_of_all_of_it_ends_the_order(order):
    order.completed().when_told("payment.refunded", amount=1299).expect_state("refunded")


def test_a_refund_that_fails_as_the_dashboard_gave_all_back_ends_the_order(order):
    order.refunding().when_told("payment.refunded", amount=1299)

    order.when_reply("payment.refund_failed", code="amount_too_large")
    order.expect_announced("order.refunded", refunded=1299).expect_state("refunded")


def test_a_refund_is_tried_five_times_then_parked_retried_and_done(order):
    order.refunding(300).when_every_try_times_out().expect_announced("order.needs_attention")
    order.expect_reason("refunding_timeout").expect_memory(parked="refunding")

    order.when_asked("retry").expect_command("refund_payment", amount=300, attempt=6)
    order.when_every_try_times_out().expect_state("needs_attention")
    order.when_asked("retry").expect_command("refund_payment", amount=300, attempt=11)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=300)


@pytest.mark.parametrize(
    ("amount", "reply", "state"),
    [
        (300, "payment.refunded", "completed"),
        (None, "payment.refunded", "refunded"),
        (300, "payment.refund_failed", "completed"),
    ],
)
def test_a_late_reply_to_a_parked_refund_counts(order, amount, reply, state):
    order.refunding(amount).when_every_try_times_out().when_reply(reply).expect_state(state)


def test_a_parked_refund_hears_of_a_refund_in_the_dashboard(order):
    order.refunding(300).when_every_try_times_out().when_told("payment.refunded", amount=1299)
    order.expect_state("needs_attention").expect_memory(refunded=1299)

    order.when_reply("payment.refund_failed", code="amount_too_large").expect_state("refunded")


@pytest.mark.parametrize(
    ("state", "refunded", "announced"),
    [("completed", 0, "order.completed"), ("refunded", 1299, "order.refunded")],
)
def test_a_parked_refund_is_resolved_as_a_person_found_it(order, state, refunded, announced):
    order.refunding(300).when_every_try_times_out().when_asked("resolve", **{"as": state})

    order.expect_announced(announced).expect_state(state).expect_memory(refunded=refunded)


def test_an_order_resolved_as_paid_of_which_all_was_given_back_refunds_nothing_more(order):
    order.refunding(300).when_every_try_times_out().when_told("payment.refunded", amount=1299)
    order.when_asked("resolve", **{"as": "completed"}).expect_state("completed")

    order.when_asked("refund").expect_ignored(because="all of the 1299 captured was refunded")
    order.when_asked("cancel").expect_ignored(because="all of the 1299 captured was refunded")


@pytest.mark.parametrize("stage", ["authorized", "capturing", "completed", "refunding"])
def test_a_dispute_is_remembered_wherever_it_is_heard(order, stage):
    getattr(order, stage)().when_told("payment.disputed")

    order.expect_nothing_sent().expect_state(stage).expect_memory(disputed=True)


@pytest.mark.parametrize("stage", ["authorizing", "authorized", "capturing"])
@pytest.mark.parametrize(("given_back", "state"), [(300, "completed"), (1299, "refunded")])
def test_a_refund_may_be_heard_of_before_the_capture(order, stage, given_back, state):
    getattr(order, stage)().when_told("payment.refunded", amount=given_back).expect_state(stage)

    order.when_told("payment.captured").expect_state(state).expect_memory(refunded=given_back)


def test_a_parked_capture_that_was_taken_and_given_back_by_hand_ends_refunded(order):
    order.capturing().when_every_try_times_out()
    order.when_told("payment.refunded", amount=1299).expect_state("needs_attention")

    order.when_told("payment.captured").expect_announced("order.refunded", refunded=1299)
