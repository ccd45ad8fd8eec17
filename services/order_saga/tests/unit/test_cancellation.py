"""Cancellation before the capture: the hold is released, whatever was in flight."""

import pytest


def test_canceling_an_authorized_order_releases_its_hold(order):
    order.authorized().when_requested("cancel", note="Changed my mind")
    order.expect_command("cancel_payment", reason="requested_by_customer", attempt=1)
    order.expect_state("canceling").expect_deadline_in(seconds=60)

    order.when_reply("payment.canceled").expect_published("order.canceled")
    order.expect_state("canceled").expect_reason("canceled", "Changed my mind")


def test_canceling_before_the_authorization_compensates_nothing(order):
    order.placed().when_requested("cancel").expect_published("order.canceled").expect_state(
        "canceled"
    )

    order.when_reply("user.payment_info_retrieved").expect_ignored(because="already canceled")


def test_canceling_during_the_authorization_compensates_its_unknown_outcome(order):
    order.authorizing().when_requested("cancel").expect_command("cancel_payment")

    order.when_reply("payment.failed").expect_ignored(because="not accepted while canceling")
    order.when_reply("payment.canceled", released=0).expect_published("order.canceled")


def test_requests_are_ignored_while_the_order_is_canceling(order):
    order.canceling().when_requested("cancel")
    order.expect_ignored(because="cancel_requested is not accepted while canceling")

    order.when_requested("capture").expect_ignored(because="capture_requested is not accepted")


def test_a_cancel_is_ignored_while_the_order_is_capturing(order):
    order.capturing().when_requested("cancel")
    order.expect_ignored(because="cancel_requested is not accepted while capturing")

    order.when_reply("payment.captured").expect_state("completed")


def test_a_hold_that_expires_while_the_order_is_canceling_cancels_it(order):
    order.canceling().when_event("payment.authorization_expired").expect_published("order.canceled")

    order.when_reply("payment.canceled", released=0).expect_ignored(because="already canceled")


def test_a_release_is_tried_five_times_with_back_off_then_parked(order):
    order.canceling().expect_deadline_in(seconds=60)
    for attempt, seconds in ((2, 120), (3, 240), (4, 480), (5, 960)):
        order.when_timed_out().expect_command("cancel_payment", attempt=attempt)
        order.expect_state("canceling").expect_deadline_in(seconds)

    order.when_timed_out().expect_published("order.needs_attention")
    order.expect_saga(
        parked="canceling", compensations=("canceling",), ends_in="canceled", deadline_at=None
    )


def test_a_retried_release_keeps_the_customers_reason(order):
    order.canceling().when_every_try_times_out().expect_state("needs_attention")
    assert "did not confirm in time" in order.saga.reason.cure

    order.when_requested("retry").expect_command("cancel_payment", attempt=6).expect_deadline_in(60)
    order.expect_saga(parked=None, tries=1)
    order.when_reply("payment.canceled").expect_published("order.canceled")
    order.expect_reason("canceled")


def test_a_parked_release_that_fails_again_keeps_its_compensations(order):
    order.canceling()
    for attempt in (6, 11, 16):
        order.when_every_try_times_out().expect_published("order.needs_attention")
        order.when_requested("retry").expect_command("cancel_payment", attempt=attempt)
        order.expect_saga(compensations=("canceling",), ends_in="canceled")

    order.when_reply("payment.canceled").expect_state("canceled")


def test_a_late_reply_to_a_parked_release_is_accepted(order):
    order.canceling().when_every_try_times_out()

    order.when_reply("payment.canceled", attempt=4)
    order.expect_ignored(because="reply to attempt 4; attempt 5 is in flight")
    order.when_reply("payment.canceled").expect_published("order.canceled")
    order.expect_state("canceled").expect_saga(parked=None)


def test_a_parked_release_whose_hold_expires_is_canceled(order):
    order.canceling().when_every_try_times_out()

    order.when_event("payment.authorization_expired").expect_state("canceled")


def test_a_refused_release_is_parked_until_it_is_resolved(order):
    order.authorizing().when_timed_out()
    order.when_reply("payment.cancel_failed", code="invalid_request")
    order.expect_published("order.needs_attention").expect_reason("authorizing_timeout")
    assert order.saga.reason.cure == "The hold was not released: Stripe refused."

    order.when_reply("payment.cancel_failed", code="invalid_request")
    order.expect_state("needs_attention")

    order.when_requested("resolve", **{"as": "rejected", "note": "Released by hand"})
    order.expect_published("order.rejected").expect_reason("resolved", "Released by hand")
    order.expect_saga(compensations=(), ends_in=None, parked=None)


@pytest.mark.parametrize("state", ["rejected", "canceled", "expired"])
def test_a_parked_order_without_a_capture_can_be_resolved_as(order, state):
    order.canceling().when_every_try_times_out().when_requested("resolve", **{"as": state})

    order.expect_published(f"order.{state}").expect_reason("resolved", "by operator")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("completed", "nothing was captured, so the order cannot be completed"),
        ("refunded", "nothing was captured, so the order cannot be refunded"),
        ("authorized", "as: authorized is not one of the resolutions"),
        ("needs_attention", "as: needs_attention is not one of the resolutions"),
    ],
)
def test_a_parked_order_without_a_capture_cannot_be_resolved_as(order, state, why):
    order.canceling().when_every_try_times_out().when_requested("resolve", **{"as": state})

    order.expect_ignored(because=why).expect_state("needs_attention")


def test_a_capture_at_stripe_while_the_order_is_canceling_needs_attention(order):
    order.canceling().when_event("payment.captured", amount=1299)
    order.expect_published("order.needs_attention").expect_saga(captured=1299)
    assert "captured in the meantime" in order.saga.reason.cure

    order.when_reply("payment.cancel_failed").expect_ignored(
        because="the capture of 1299 is already known"
    )
    order.when_event("payment.captured").expect_ignored(
        because="the capture of 1299 is already known"
    )
    assert "captured in the meantime" in order.saga.reason.cure
    order.when_requested("resolve", **{"as": "completed"})
    order.expect_published("order.completed", captured=1299)
    order.when_requested("refund").expect_command("refund_payment", amount=1299)


@pytest.mark.parametrize("end", ["canceled", "rejected", "expired"])
def test_a_capture_reported_after_a_resolution_needs_attention_again(order, end):
    order.capturing(500).when_every_try_times_out().when_requested("resolve", **{"as": end})
    order.expect_published(f"order.{end}")

    order.when_reply("payment.captured").expect_published("order.needs_attention")
    order.expect_saga(captured=500)
    assert "resolve the order as completed" in order.saga.reason.cure
    order.when_requested("retry").expect_ignored(because=f"{end} has no command to retry")
    order.when_requested("resolve", **{"as": end}).expect_ignored(because="500 was captured")
    order.when_event("payment.refunded", amount=500, stripe_refund_id="re_1")
    order.expect_saga(refunded=500)
    order.when_requested("resolve", **{"as": "refunded"}).expect_published("order.refunded")


def test_a_parked_order_ignores_deadlines_and_customers(order):
    order.canceling().when_every_try_times_out()

    order.when(order.messages.deadline("canceling", 5)).expect_ignored(because="is stale")
    order.when_requested("cancel").expect_ignored(because="cancel_requested is not accepted")


@pytest.mark.parametrize("reply", ["payment.canceled", "payment.authorization_expired"])
def test_a_late_release_of_a_parked_timeout_rejects_the_order(order, reply):
    order.authorizing().when_timed_out().when_every_try_times_out()
    order.expect_state("needs_attention").expect_reason("authorizing_timeout")

    order.when_reply(reply).expect_published("order.rejected").expect_reason("authorizing_timeout")
