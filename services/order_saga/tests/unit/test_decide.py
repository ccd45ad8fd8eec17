"""What each transition remembers, sends and waits for; what is fenced off."""

from datetime import timedelta

import pytest
from order_saga.domain import State
from saga_schemas.envelope import derived_message_id

RETRIEVING, AUTHORIZING = State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING


def test_a_new_order_asks_who_pays_and_waits_a_minute(driver, messages):
    decision = driver.place()

    (command,) = decision.send
    assert command.type == "retrieve_payment_info"
    assert command.payload.clerk_user_id == "user_1"
    assert (command.payload.order, command.payload.attempt) == (messages.order, 1)
    assert (decision.saga.id, decision.saga.state) == (messages.saga_id, RETRIEVING)
    assert decision.saga.deadline_at == driver.now + timedelta(seconds=60)


def test_the_customer_who_answers_is_asked_to_pay_what_was_ordered(driver, messages):
    driver.walk_to(RETRIEVING)
    other_order = {"amount": 1, "currency": "jpy", "description": "another"}

    decision = driver.give(messages.info_retrieved(order=other_order))

    (command,) = decision.send
    assert command.type == "authorize_payment"
    assert command.payload.order == messages.order
    assert command.payload.customer.stripe_customer_id == "cus_1"
    assert command.payload.customer.user_stripe_card.payment_method_id == "pm_card_visa"
    assert decision.saga.deadline_at == driver.now + timedelta(seconds=60)


def test_payment_info_of_another_user_is_ignored(driver, messages):
    driver.walk_to(RETRIEVING)
    customer = {"clerkUserId": "user_2", "stripeCustomerId": "cus_2", "userStripeCard": None}

    decision = driver.give(messages.info_retrieved(customer=customer))

    assert (decision.saga.state, decision.send) == (RETRIEVING, ())
    assert decision.effect == "ignored: it is about user user_2"


@pytest.mark.parametrize("other", [{"amount": 100}, {"currency": "eur"}])
def test_a_hold_of_another_amount_does_not_authorize_the_order(driver, messages, other):
    driver.walk_to(AUTHORIZING)

    decision = driver.give(messages.payment_authorized(**other))

    assert (decision.saga.state, decision.send) == (AUTHORIZING, ())
    assert decision.effect.startswith("ignored: it holds ")


def test_a_user_without_a_card_is_left_to_the_payment_service(driver, messages):
    driver.walk_to(RETRIEVING)
    customer = {"clerkUserId": "user_1", "stripeCustomerId": "cus_1", "userStripeCard": {}}

    (command,) = driver.give(messages.info_retrieved(customer=customer)).send

    assert command.payload.customer.user_stripe_card is None


def test_a_hold_authorizes_the_order_and_is_announced(driver, messages):
    driver.walk_to(AUTHORIZING)

    decision = driver.give(reply := messages.payment_authorized())

    (event,) = decision.send
    assert event.type == "order.authorized"
    assert event.payload.payment_intent_id == decision.saga.payment_intent_id == "pi_1"
    assert event.payload.capture_before == reply.payload.capture_before
    assert (event.payload.clerk_user_id, event.payload.order) == ("user_1", messages.order)
    assert (decision.saga.deadline_at, decision.saga.reason) == (None, None)


def test_a_declined_card_rejects_the_order_with_stripes_codes(driver, messages):
    driver.walk_to(AUTHORIZING)

    decision = driver.give(messages.payment_failed())

    (event,) = decision.send
    assert event.type == "order.rejected"
    assert event.payload.reason == decision.saga.reason
    assert decision.saga.reason.model_dump(exclude_none=True) == {
        "code": "card_declined",
        "message": "Your card was declined.",
        "cure": "",
        "decline_code": "generic_decline",
        "advice_code": "try_again_later",
    }
    assert (decision.saga.payment_intent_id, decision.saga.deadline_at) == ("pi_1", None)


def test_an_unknown_user_rejects_the_order_with_the_cure(driver, messages):
    driver.walk_to(RETRIEVING)

    reason = driver.give(messages.info_failed()).saga.reason

    assert (reason.code, reason.cure) == ("user_not_found", "Create it.")


def test_payment_info_that_never_comes_rejects_the_order(driver, messages):
    driver.walk_to(RETRIEVING)

    decision = driver.give(messages.deadline(RETRIEVING), after_seconds=10)

    assert decision.saga.state is State.REJECTED
    assert decision.saga.reason.code == "payment_info_timeout"
    assert decision.saga.deadline_at is None


def test_an_authorization_that_never_comes_leaves_the_order_overdue_as_money_may_be_held(
    driver, messages
):
    before = driver.walk_to(AUTHORIZING)

    decision = driver.give(messages.deadline(AUTHORIZING), after_seconds=60)

    assert decision.saga == before.but(overdue=True)
    assert decision.send == ()


@pytest.mark.parametrize(("late", "state"), [("authorized", "authorized"), ("failed", "rejected")])
def test_a_reply_that_comes_after_the_deadline_still_counts(driver, messages, late, state):
    driver.walk_to(AUTHORIZING)
    driver.give(messages.deadline(AUTHORIZING), after_seconds=60)

    decision = driver.give(getattr(messages, f"payment_{late}")(), after_seconds=3600)

    assert (decision.saga.state, decision.saga.overdue) == (state, False)


def test_payment_info_that_comes_after_the_time_out_holds_no_money(driver, messages):
    driver.walk_to(RETRIEVING)
    driver.give(messages.deadline(RETRIEVING), after_seconds=10)

    decision = driver.give(messages.info_retrieved())

    assert (decision.effect, decision.send) == ("ignored: the order is already rejected", ())


@pytest.mark.parametrize("state", [RETRIEVING, AUTHORIZING])
@pytest.mark.parametrize("attempt", [2, 1000])
def test_a_reply_to_another_attempt_is_fenced_off_and_says_so(driver, messages, state, attempt):
    before = driver.walk_to(state)
    waited_for = messages.info_retrieved if state is RETRIEVING else messages.payment_authorized

    decision = driver.give(waited_for(attempt))

    assert decision.effect == f"ignored: it answers attempt {attempt}, and 1 is under way"
    assert decision.saga is before


@pytest.mark.parametrize("reply", ["info_retrieved", "info_failed"])
def test_a_reply_that_names_no_attempt_answers_the_one_under_way(driver, messages, reply):
    driver.walk_to(RETRIEVING)

    assert driver.give(getattr(messages, reply)(None)).effect.startswith("->")


def test_the_deadline_of_an_earlier_attempt_is_behind(driver, messages):
    before = driver.walk_to(AUTHORIZING).but(attempt=2)
    driver.saga = before

    decision = driver.give(messages.deadline(AUTHORIZING, attempt=1))

    assert decision.effect == "ignored: the deadline of authorizing, attempt 1, is behind it"
    assert decision.saga is before


def test_an_order_decided_twice_sends_the_same_messages(driver, messages):
    driver.walk_to(RETRIEVING)
    saga, reply = driver.saga, messages.info_retrieved()

    first = driver.give(reply)
    driver.saga = saga
    again = driver.give(reply, after_seconds=5)

    assert [message.message_id for message in first.send] == [
        derived_message_id(messages.saga_id, "authorizing", 1)
    ]
    assert again.send[0].message_id == first.send[0].message_id


def test_what_is_sent_carries_the_time_of_the_decision(driver):
    (command,) = driver.place().send

    assert command.timestamp == driver.now
