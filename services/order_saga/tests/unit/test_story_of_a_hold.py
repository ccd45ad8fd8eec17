"""From an order to the hold that stands for it, or to the reason why nothing is held."""

import pytest


def test_a_placed_order_asks_who_pays_then_holds_the_amount_then_rests(order):
    order.placed().expect_command("retrieve_payment_info", clerk_user_id="user_1", attempt=1)
    order.expect_state("retrieving_payment_info").expect_wait_of(seconds=60)

    order.when_reply("user.payment_info_retrieved")
    order.expect_command("authorize_payment", order=order.messages.order, attempt=1)
    order.expect_state("authorizing").expect_wait_of(seconds=60)

    order.when_reply("payment.authorized")
    order.expect_announced("order.authorized", payment_intent_id="pi_1", clerk_user_id="user_1")
    order.expect_state("authorized").expect_memory(deadline_at=None, reason=None)


def test_the_customer_who_answers_pays_what_was_ordered_whatever_the_reply_repeats(order):
    other_order = {"amount": 1, "currency": "jpy", "description": "another"}

    order.placed().when_reply("user.payment_info_retrieved", order=other_order)

    order.expect_command("authorize_payment", order=order.messages.order)
    assert order.saga.customer.user_stripe_card.payment_method_id == "pm_card_visa"


def test_a_user_without_a_card_is_left_to_the_payment_service(order):
    nobody = {"clerkUserId": "user_1", "stripeCustomerId": "cus_1", "userStripeCard": {}}

    order.placed().when_reply("user.payment_info_retrieved", customer=nobody)

    order.expect_command("authorize_payment")
    assert order.saga.customer.user_stripe_card is None


def test_payment_info_of_another_user_is_ignored(order):
    other = {"clerkUserId": "user_2", "stripeCustomerId": "cus_2", "userStripeCard": None}

    order.placed().when_reply("user.payment_info_retrieved", customer=other)

    order.expect_ignored(because="the reply is for user user_2")
    order.expect_state("retrieving_payment_info")


def test_an_unknown_user_rejects_the_order_with_the_cure(order):
    order.placed().when_reply("user.payment_info_failed")

    order.expect_announced("order.rejected", reason=order.saga.reason).expect_state("rejected")
    order.expect_reason("user_not_found")
    assert order.saga.reason.cure == "Create it."


def test_a_declined_card_rejects_the_order_with_stripes_codes_and_there_is_nothing_to_undo(order):
    order.authorizing().when_reply("payment.failed")

    order.expect_announced("order.rejected", reason=order.saga.reason).expect_state("rejected")
    assert order.saga.reason.model_dump(exclude_none=True) == {
        "code": "card_declined",
        "message": "Your card was declined.",
        "cure": "",
        "decline_code": "generic_decline",
        "advice_code": "try_again_later",
    }
    order.expect_memory(payment_intent_id="pi_1", deadline_at=None, compensations=())


def test_payment_info_that_never_comes_rejects_the_order_and_a_late_one_holds_no_money(order):
    order.placed().when_time_runs_out()
    order.expect_announced("order.rejected").expect_reason("payment_info_timeout")

    order.when_reply("user.payment_info_retrieved")
    order.expect_ignored(because="already rejected").expect_state("rejected")


def test_an_authorization_that_never_comes_is_undone_though_its_outcome_is_unknown(order):
    order.authorizing().when_time_runs_out()
    order.expect_command("cancel_payment", reason="abandoned").expect_state("canceling")

    order.when_reply("payment.canceled", released=0, payment_intent_id=None)
    order.expect_announced("order.rejected").expect_reason("authorizing_timeout")


def test_a_late_authorization_loses_to_the_time_out_and_its_hold_is_released(order):
    order.authorizing().when_time_runs_out().expect_command("cancel_payment")

    order.when_reply("payment.authorized")
    order.expect_ignored(because="payment.authorized is not accepted while canceling")

    order.when_reply("payment.canceled", released=1299).expect_announced("order.rejected")
    order.expect_memory(payment_intent_id="pi_1").expect_state("rejected")

    order.when_reply("payment.authorized").expect_ignored(because="already rejected")


@pytest.mark.parametrize("other", [{"amount": 100}, {"currency": "eur"}])
def test_a_hold_of_another_amount_does_not_authorize_the_order_and_is_released(order, other):
    order.authorizing().when_reply("payment.authorized", **other)
    order.expect_ignored(because="pi_1 holds ")

    order.when_time_runs_out().expect_command("cancel_payment")
    order.when_reply("payment.canceled", released=100).expect_state("rejected")


def test_a_hold_that_expires_ends_the_order(order):
    order.authorized().when_told("payment.authorization_expired")

    order.expect_announced("order.expired").expect_reason("authorization_expired")
    order.when_asked("capture").expect_ignored(because="already expired")


def test_a_hold_that_expired_unseen_is_told_to_the_cancel_that_comes_too_late(order):
    order.authorizing().when_time_runs_out()
    order.when_told("payment.authorization_expired")
    order.expect_announced("order.rejected").expect_reason("authorizing_timeout")


def test_a_hold_that_was_released_in_the_dashboard_ends_the_order(order):
    order.authorized().when_told("payment.canceled")

    order.expect_announced("order.canceled").expect_reason("payment_canceled")
    order.expect_state("canceled")


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("payment.authorization_expired", "expired"),
        ("payment.canceled", "canceled"),
        ("payment.captured", "completed"),
    ],
)
def test_what_became_of_a_hold_may_be_heard_of_before_the_hold(order, event, state):
    order.authorizing().when_told(event).expect_state(state)

    order.when_reply("payment.authorized").expect_state(state)
    assert order.decision.refused
