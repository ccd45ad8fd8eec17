"""Orders placed under version 1 end under it: at the hold, and a time-out compensates nothing."""

import pytest


def test_an_order_ends_when_it_is_authorized(old_order):
    old_order.placed().expect_command("retrieve_payment_info", attempt=1)
    old_order.when_reply("user.payment_info_retrieved").expect_command("authorize_payment")
    old_order.when_reply("payment.authorized").expect_published("order.authorized")

    old_order.expect_state("authorized").expect_saga(deadline_at=None)
    for reply in ("payment.authorized", "payment.failed", "user.payment_info_retrieved"):
        old_order.when_reply(reply).expect_state("authorized")
        assert old_order.decision.refused


@pytest.mark.parametrize("verb", ["capture", "cancel", "refund", "retry", "resolve"])
def test_an_authorized_order_accepts_no_request(old_order, verb):
    old_order.authorized().when_requested(verb)

    old_order.expect_ignored(because=f"{verb}_requested is not accepted while authorized")


def test_an_unknown_user_rejects_the_order(old_order):
    old_order.placed().when_reply("user.payment_info_failed").expect_published("order.rejected")


def test_a_decline_rejects_the_order(old_order):
    old_order.authorizing().when_reply("payment.failed").expect_published("order.rejected")


def test_a_payment_info_timeout_rejects_the_order(old_order):
    old_order.placed().when_timed_out().expect_published("order.rejected")
    old_order.expect_reason("payment_info_timeout")
    old_order.when_reply("user.payment_info_retrieved").expect_ignored(because="already rejected")


@pytest.mark.parametrize(
    ("reply", "state"), [("payment.authorized", "authorized"), ("payment.failed", "rejected")]
)
def test_an_authorization_timeout_leaves_the_order_overdue_and_a_late_reply_is_accepted(
    old_order, reply, state
):
    old_order.authorizing().when_timed_out().expect_nothing_sent()
    old_order.expect_state("authorizing").expect_saga(overdue=True)

    old_order.when_reply(reply).expect_state(state).expect_saga(overdue=False)


def test_replies_with_another_user_amount_or_attempt_are_ignored(old_order):
    other = {"clerkUserId": "user_2", "stripeCustomerId": "cus_2", "userStripeCard": None}
    old_order.placed().when_reply("user.payment_info_retrieved", customer=other)
    old_order.expect_ignored(because="the reply is for user user_2")
    old_order.when_reply("user.payment_info_retrieved", attempt=2)
    old_order.expect_ignored(because="reply to attempt 2; attempt 1 is in flight")

    old_order.when_reply("user.payment_info_retrieved")
    old_order.when_reply("payment.authorized", amount=1).expect_ignored(because="holds 1 usd")
    old_order.when(old_order.messages.deadline("retrieving_payment_info"))
    old_order.expect_ignored(because="is stale").expect_state("authorizing")
