"""What would overflow: waits that grow, attempts that a message cannot carry."""

from dataclasses import replace
from datetime import timedelta

import pytest
from order_saga.create_order.saga import create_order
from order_saga.create_order.timeouts import Timeouts
from saga_engine.rules import Timeout
from saga_testing.story import Story

WEEK = timedelta(days=7)


def test_a_step_that_backs_off_never_waits_longer_than_a_week():
    times = Timeouts(operation=Timeout(604_800, 20, 10))
    order = Story(create_order(times)).capturing()

    while order.saga.state == "capturing":
        assert order.saga.deadline_at - order.now == WEEK
        order.when_time_runs_out()

    order.expect_state("needs_attention")


def test_the_user_service_is_asked_as_often_as_is_set_and_an_older_answer_is_fenced_off():
    order = Story(create_order(Timeouts(payment_info=Timeout(60.0, 2)))).placed()
    order.when_time_runs_out().expect_command("retrieve_payment_info", attempt=2)

    order.when_reply("user.payment_info_retrieved", attempt=1)
    order.expect_ignored(because="reply to attempt 1; attempt 2 is in flight")
    order.when_reply("user.payment_info_retrieved").expect_command("authorize_payment", attempt=1)


@pytest.fixture
def worn_out(order):
    """A step whose next attempt is the last that a message can carry."""
    order.refunding(300).when_every_try_times_out()
    _, message, decision = order.told[-1]
    worn = replace(decision.saga, attempts={**decision.saga.attempts, "refunding": 999})
    order.told[-1] = (order.now, message, type(decision)(worn, decision.effect, decision.send))
    return order


def test_a_step_is_tried_a_thousand_times_and_a_retry_beyond_that_is_refused(worn_out):
    worn_out.when_asked("retry").expect_command("refund_payment", attempt=1000)
    worn_out.when_time_runs_out().expect_announced("order.needs_attention")

    worn_out.when_asked("retry").expect_ignored(because="refunding: attempt limit (1000) reached")

    worn_out.when_reply("payment.refunded").expect_announced("order.refunded", refunded=300)
    worn_out.when_asked("refund").expect_ignored(because="refunding: attempt limit (1000) reached")
    worn_out.expect_state("completed")
