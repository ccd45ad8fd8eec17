"""Upper bounds: of a wait that backs off, and of the attempts of a step."""

from dataclasses import replace
from datetime import timedelta

import pytest
from order_saga.create_order.saga import create_order
from order_saga.create_order.timeouts import Timeouts
from saga_engine.rules import Timeout
from saga_testing.story import Story

WEEK = timedelta(days=7)


def test_a_step_waits_at_most_one_week():
    timeouts = Timeouts(operation=Timeout(604_800, 20, 10))
    order = Story(create_order(timeouts)).capturing()

    while order.saga.state == "capturing":
        assert order.saga.deadline_at - order.now == WEEK
        order.when_timed_out()

    order.expect_state("needs_attention")


def test_a_query_is_tried_as_often_as_configured_and_an_older_reply_is_ignored():
    order = Story(create_order(Timeouts(payment_info=Timeout(60.0, 2)))).placed()
    order.when_timed_out().expect_command("retrieve_payment_info", attempt=2)

    order.when_reply("user.payment_info_retrieved", attempt=1)
    order.expect_ignored(because="reply to attempt 1; attempt 2 is in flight")
    order.when_reply("user.payment_info_retrieved")
    assert not order.decision.refused


@pytest.fixture
def order_near_limit(order):
    """A parked refund whose next attempt is the last that a message can carry."""
    order.refunding(300).when_every_try_times_out()
    attempts = {**order.saga.attempts, "refunding": 999}
    decision = replace(order.decision, saga=replace(order.saga, attempts=attempts))
    order.steps[-1] = order.steps[-1]._replace(decision=decision)
    return order


def test_a_step_is_attempted_at_most_a_thousand_times(order_near_limit):
    order = order_near_limit
    order.when_requested("retry").expect_command("refund_payment", attempt=1000)
    order.when_timed_out().expect_published("order.needs_attention")

    order.when_requested("retry").expect_ignored(because="refunding: attempt limit (1000) reached")

    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=300)
    order.when_requested("refund").expect_ignored(because="refunding: attempt limit (1000) reached")
    order.expect_state("completed")
