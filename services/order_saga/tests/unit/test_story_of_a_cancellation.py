"""Calling an order off before it is paid: the hold is released, whatever was under way."""

import pytest


def test_a_held_order_is_called_off_and_its_hold_released(order):
    order.authorized().when_asked("cancel", note="Changed my mind")
    order.expect_command("cancel_payment", reason="requested_by_customer", attempt=1)
    order.expect_state("canceling").expect_wait_of(seconds=60)

    order.when_reply("payment.canceled").expect_announced("order.canceled")
    order.expect_state("canceled").expect_reason("canceled", "Changed my mind")


def test_before_it_is_known_who_pays_there_is_nothing_to_undo(order):
    order.placed().when_asked("cancel").expect_announced("order.canceled").expect_state("canceled")

    order.when_reply("user.payment_info_retrieved").expect_ignored(because="already canceled")


def test_while_the_hold_is_asked_for_it_is_undone_though_nobody_knows_whether_it_stands(order):
    order.authorizing().when_asked("cancel").expect_command("cancel_payment")

    order.when_reply("payment.failed").expect_ignored(because="not accepted while canceling")
    order.when_reply("payment.canceled", released=0).expect_announced("order.canceled")


def test_while_it_is_canceled_a_second_cancel_and_a_capture_are_told_that_they_lost(order):
    order.canceling().when_asked("cancel")
    order.expect_ignored(because="cancel_requested is not accepted while canceling")

    order.when_asked("capture").expect_ignored(because="capture_requested is not accepted")


def test_while_it_is_captured_a_cancel_loses(order):
    order.capturing().when_asked("cancel")
    order.expect_ignored(because="cancel_requested is not accepted while capturing")

    order.when_reply("payment.captured").expect_state("completed")


def test_an_expiry_that_is_heard_while_it_is_canceled_ends_it_as_canceled(order):
    order.canceling().when_told("payment.authorization_expired").expect_announced("order.canceled")

    order.when_reply("payment.canceled", released=0).expect_ignored(because="already canceled")


def test_a_release_is_tried_five_times_ever_more_patiently_then_a_person_is_called(order):
    order.canceling().expect_wait_of(seconds=60)
    for attempt, seconds in ((2, 120), (3, 240), (4, 480), (5, 960)):
        order.when_time_runs_out().expect_command("cancel_payment", attempt=attempt)
        order.expect_state("canceling").expect_wait_of(seconds)

    order.when_time_runs_out().expect_announced("order.needs_attention")
    order.expect_memory(
        parked="canceling", compensations=("canceling",), ends_in="canceled", deadline_at=None
    )


def test_a_parked_release_that_is_retried_is_done_and_the_reason_is_still_the_customers(order):
    order.canceling().when_every_try_times_out().expect_state("needs_attention")
    assert "did not say in time" in order.saga.reason.cure

    order.when_asked("retry").expect_command("cancel_payment", attempt=6).expect_wait_of(60)
    order.expect_memory(parked=None, tries=1)
    order.when_reply("payment.canceled").expect_announced("order.canceled")
    order.expect_reason("canceled")


def test_a_parked_release_may_be_retried_in_vain_and_loses_nothing_by_it(order):
    order.canceling()
    for attempt in (6, 11, 16):
        order.when_every_try_times_out().expect_announced("order.needs_attention")
        order.when_asked("retry").expect_command("cancel_payment", attempt=attempt)
        order.expect_memory(compensations=("canceling",), ends_in="canceled")

    order.when_reply("payment.canceled").expect_state("canceled")


def test_a_late_reply_to_a_parked_release_counts(order):
    order.canceling().when_every_try_times_out()

    order.when_reply("payment.canceled", attempt=4)
    order.expect_ignored(because="reply to attempt 4; attempt 5 is in flight")
    order.when_reply("payment.canceled").expect_announced("order.canceled")
    order.expect_state("canceled").expect_memory(parked=None)


def test_a_parked_release_that_is_retried_after_the_hold_expired_is_over(order):
    order.canceling().when_every_try_times_out()

    order.when_told("payment.authorization_expired").expect_state("canceled")


def test_a_hold_that_cannot_be_released_is_parked_at_once_and_again_until_resolved(order):
    order.authorizing().when_time_runs_out()
    order.when_reply("payment.cancel_failed", code="invalid_request")
    order.expect_announced("order.needs_attention").expect_reason("authorizing_timeout")
    assert order.saga.reason.cure == "The hold was not released: Stripe refused."

    order.when_reply("payment.cancel_failed", code="invalid_request")
    order.expect_state("needs_attention")

    order.when_asked("resolve", **{"as": "rejected", "note": "Released by hand"})
    order.expect_announced("order.rejected").expect_reason("resolved", "Released by hand")
    order.expect_memory(compensations=(), ends_in=None, parked=None)


@pytest.mark.parametrize("state", ["rejected", "canceled", "expired"])
def test_a_parked_order_of_which_nothing_was_taken_is_resolved_as(order, state):
    order.canceling().when_every_try_times_out().when_asked("resolve", **{"as": state})

    order.expect_announced(f"order.{state}").expect_reason("resolved", "by operator")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("completed", "nothing was captured, so the order cannot be completed"),
        ("refunded", "nothing was captured, so the order cannot be refunded"),
        ("authorized", "as: authorized is not one of the resolutions"),
        ("needs_attention", "as: needs_attention is not one of the resolutions"),
    ],
)
def test_a_parked_order_of_which_nothing_was_taken_is_not_resolved_as(order, state, why):
    order.canceling().when_every_try_times_out().when_asked("resolve", **{"as": state})

    order.expect_ignored(because=why).expect_state("needs_attention")


def test_an_order_that_was_captured_at_stripe_while_it_is_canceled_needs_a_person(order):
    order.canceling().when_told("payment.captured", amount=1299)
    order.expect_announced("order.needs_attention").expect_memory(captured=1299)
    assert "captured meanwhile" in order.saga.reason.cure

    order.when_reply("payment.cancel_failed").expect_ignored(
        because="the capture of 1299 is already known"
    )
    order.when_told("payment.captured").expect_ignored(
        because="the capture of 1299 is already known"
    )
    assert "captured meanwhile" in order.saga.reason.cure
    order.when_asked("resolve", **{"as": "completed"})
    order.expect_announced("order.completed", captured=1299)
    order.when_asked("refund").expect_command("refund_payment", amount=1299)


@pytest.mark.parametrize("end", ["canceled", "rejected", "expired"])
def test_a_capture_that_is_heard_of_after_a_person_has_ended_the_order_needs_one_again(order, end):
    order.capturing(500).when_every_try_times_out().when_asked("resolve", **{"as": end})
    order.expect_announced(f"order.{end}")

    order.when_reply("payment.captured").expect_announced("order.needs_attention")
    order.expect_memory(captured=500)
    assert "resolve the order as completed" in order.saga.reason.cure
    order.when_asked("retry").expect_ignored(because=f"{end} has no command to retry")
    order.when_asked("resolve", **{"as": end}).expect_ignored(because="500 was captured")
    order.when_told("payment.refunded", amount=500, stripe_refund_id="re_1")
    order.expect_memory(refunded=500)
    order.when_asked("resolve", **{"as": "refunded"}).expect_announced("order.refunded")


def test_an_order_that_is_parked_hears_no_deadline_and_no_customer(order):
    order.canceling().when_every_try_times_out()

    order.when(order.messages.deadline("canceling", 5)).expect_ignored(because="is stale")
    order.when_asked("cancel").expect_ignored(because="cancel_requested is not accepted")


@pytest.mark.parametrize("reply", ["payment.canceled", "payment.authorization_expired"])
def test_a_late_release_of_an_order_that_timed_out_and_was_parked_rejects_it(order, reply):
    order.authorizing().when_time_runs_out().when_every_try_times_out()
    order.expect_state("needs_attention").expect_reason("authorizing_timeout")

    order.when_reply(reply).expect_announced("order.rejected").expect_reason("authorizing_timeout")
