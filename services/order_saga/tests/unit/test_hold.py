"""From a new order to its hold, or to the reason why nothing is held."""

import pytest


def test_a_new_order_retrieves_payment_info(order):
    order.placed().expect_command("retrieve_payment_info", clerk_user_id="user_1", attempt=1)
    order.expect_state("retrieving_payment_info").expect_deadline_in(seconds=60)


def test_an_order_whose_customer_is_known_is_authorized(order):
    order.authorizing()
    order.expect_command("authorize_payment", order=order.messages.order, attempt=1)
    order.expect_state("authorizing").expect_deadline_in(seconds=60)

    order.when_reply("payment.authorized")
    order.expect_published("order.authorized", payment_intent_id="pi_1", clerk_user_id="user_1")
    order.expect_state("authorized").expect_saga(deadline_at=None, reason=None)


def test_the_authorized_amount_is_the_ordered_one_and_not_the_replys(order):
    other_order = {"amount": 1, "currency": "jpy", "description": "another"}

    order.reaches("authorizing", **{"user.payment_info_retrieved": {"order": other_order}})

    order.expect_command("authorize_payment", order=order.messages.order)
    assert order.saga.customer.user_stripe_card.payment_method_id == "pm_card_visa"


def test_a_user_without_a_card_is_authorized_by_the_payment_service(order):
    customer = {"clerkUserId": "user_1", "stripeCustomerId": "cus_1", "userStripeCard": {}}

    order.reaches("authorizing", **{"user.payment_info_retrieved": {"customer": customer}})

    order.expect_command("authorize_payment")
    assert order.saga.customer.user_stripe_card is None


def test_payment_info_of_another_user_is_ignored(order):
    other = {"clerkUserId": "user_2", "stripeCustomerId": "cus_2", "userStripeCard": None}

    order.placed().when_reply("user.payment_info_retrieved", customer=other)

    order.expect_ignored(because="the reply is for user user_2")
    order.expect_state("retrieving_payment_info")


def test_an_unknown_user_rejects_the_order_and_the_reason_has_a_cure(order):
    order.placed().when_reply("user.payment_info_failed")

    order.expect_published("order.rejected", reason=order.saga.reason).expect_state("rejected")
    order.expect_reason("user_not_found")
    assert order.saga.reason.cure == "Create it."


def test_a_declined_card_rejects_the_order_with_stripes_codes_and_compensates_nothing(order):
    order.authorizing().when_reply("payment.failed")

    order.expect_published("order.rejected", reason=order.saga.reason).expect_state("rejected")
    assert order.saga.reason.model_dump(exclude_none=True) == {
        "code": "card_declined",
        "message": "Your card was declined.",
        "cure": "",
        "decline_code": "generic_decline",
        "advice_code": "try_again_later",
    }
    order.expect_saga(payment_intent_id="pi_1", deadline_at=None, compensations=())


def test_a_payment_info_timeout_rejects_the_order_and_a_late_reply_is_ignored(order):
    order.placed().when_timed_out()
    order.expect_published("order.rejected").expect_reason("payment_info_timeout")

    order.when_reply("user.payment_info_retrieved")
    order.expect_ignored(because="already rejected").expect_state("rejected")


def test_an_authorization_timeout_is_compensated_though_its_outcome_is_unknown(order):
    order.authorizing().when_timed_out()
    order.expect_command("cancel_payment", reason="abandoned").expect_state("canceling")

    order.when_reply("payment.canceled", released=0, payment_intent_id=None)
    order.expect_published("order.rejected").expect_reason("authorizing_timeout")


def test_a_late_authorization_is_ignored_and_its_hold_is_released(order):
    order.authorizing().when_timed_out().expect_command("cancel_payment")

    order.when_reply("payment.authorized")
    order.expect_ignored(because="payment.authorized is not accepted while canceling")

    order.when_reply("payment.canceled", released=1299).expect_published("order.rejected")
    order.expect_saga(payment_intent_id="pi_1").expect_state("rejected")

    order.when_reply("payment.authorized").expect_ignored(because="already rejected")


@pytest.mark.parametrize("other", [{"amount": 100}, {"currency": "eur"}])
def test_a_hold_of_another_amount_is_ignored_and_released(order, other):
    order.authorizing().when_reply("payment.authorized", **other)
    order.expect_ignored(because="pi_1 holds ")

    order.when_timed_out().expect_command("cancel_payment")
    order.when_reply("payment.canceled", released=100).expect_state("rejected")


def test_an_expired_hold_ends_the_order(order):
    order.authorized().when_event("payment.authorization_expired")

    order.expect_published("order.expired").expect_reason("authorization_expired")
    order.when_requested("capture").expect_ignored(because="already expired")


def test_a_hold_that_expires_while_it_is_released_rejects_the_order(order):
    order.authorizing().when_timed_out()
    order.when_event("payment.authorization_expired")
    order.expect_published("order.rejected").expect_reason("authorizing_timeout")


def test_a_hold_released_in_the_dashboard_cancels_the_order(order):
    order.authorized().when_event("payment.canceled")

    order.expect_published("order.canceled").expect_reason("payment_canceled")
    order.expect_state("canceled")


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("payment.authorization_expired", "expired"),
        ("payment.canceled", "canceled"),
        ("payment.captured", "completed"),
    ],
)
def test_events_of_a_hold_can_arrive_before_the_reply_to_its_authorization(order, event, state):
    order.authorizing().when_event(event).expect_state(state)

    order.when_reply("payment.authorized").expect_state(state)
    assert order.decision.refused
