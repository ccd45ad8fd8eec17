"""Refunds that were made and failed since: Stripe had taken them, the cardholder's bank did not."""

import pytest


def lost(refund):
    """What the payment service says of it."""
    return {"refund_id": refund, "stripe_refund_id": refund, "message": f"{refund} failed."}


def given_back(order, **amounts):
    """Somebody gave these back at Stripe."""
    for refund, amount in amounts.items():
        order.when_told("payment.refunded", stripe_refund_id=refund, amount=amount)
    return order


def test_it_counts_no_more_everybody_hears_of_it_and_the_money_can_be_given_back_again(order):
    given_back(order.completed(), re_1=300).when_told("payment.refund_failed", **lost("re_1"))

    order.expect_announced("order.completed", captured=1299).expect_state("completed")
    order.expect_reason("invalid_request", "re_1 failed.").expect_memory(refunded=0)
    order.when_asked("refund").expect_command("refund_payment", amount=1299)


def test_of_several_the_others_still_count(order):
    given_back(order.completed(), re_1=300, re_2=200)

    order.when_told("payment.refund_failed", **lost("re_1"))
    order.expect_announced("order.refunded", refunded=200).expect_state("completed")


@pytest.mark.parametrize("amount", [300, 1299])
def test_one_that_was_asked_for_is_lost_by_the_id_that_stripe_gave_it(order, amount):
    order.refunding(amount).when_reply("payment.refunded")
    (refund,) = order.saga.refunds

    order.when_told("payment.refund_failed", **lost(refund)).expect_announced("order.completed")
    order.expect_state("completed").expect_memory(refunded=0)


def test_an_order_of_which_all_was_given_back_is_no_longer_over(order):
    given_back(order.completed(), re_1=1000, re_2=299).expect_state("refunded")

    order.when_told("payment.refund_failed", **lost("re_2"))
    order.expect_announced("order.refunded", refunded=1000).expect_state("completed")
    order.when_asked("refund").expect_command("refund_payment", amount=299)
    order.when_reply("payment.refunded").expect_state("refunded")


def test_an_order_that_a_person_found_refunded_is_so_no_more(order):
    order.refunding().when_every_try_times_out().when_asked("resolve", **{"as": "refunded"})
    order.expect_memory(refunded=1299)

    order.when_told("payment.refund_failed", **lost("re_1")).expect_state("completed")
    order.expect_memory(refunded=0)


def test_a_refund_that_is_told_once_a_person_found_all_of_it_refunded_adds_nothing(order):
    order.refunding().when_every_try_times_out().when_asked("resolve", **{"as": "refunded"})

    order.when_reply("payment.refunded").expect_nothing_sent().expect_state("refunded")
    order.expect_memory(refunded=1299)


def test_a_loss_that_is_heard_before_the_refund_is_no_less_a_loss(order):
    order.completed().when_told("payment.refund_failed", **lost("re_1"))

    given_back(order, re_1=300).expect_ignored(because="refund re_1 is already counted")
    order.expect_memory(refunded=0)


def test_a_loss_that_is_heard_after_all_was_given_back_by_others_changes_nothing(order):
    given_back(order.completed(), re_2=1299).when_told("payment.refund_failed", **lost("re_1"))

    order.expect_announced("order.refunded", refunded=1299).expect_state("refunded")


def test_a_refund_is_lost_once(order):
    given_back(order.completed(), re_1=300).when_told("payment.refund_failed", **lost("re_1"))

    order.when_told("payment.refund_failed", **lost("re_1"))
    order.expect_ignored(because="refund re_1 has already failed")


def test_the_loss_of_another_refund_does_not_end_the_one_under_way(order):
    given_back(order.completed(), re_1=300).when_asked("refund", amount=200)

    order.when_told("payment.refund_failed", **lost("re_1")).expect_nothing_sent()
    order.expect_state("refunding").expect_memory(refunded=0)
    order.when_reply("payment.refunded").expect_announced("order.refunded", refunded=200)


@pytest.mark.parametrize("stage", ["authorizing", "authorized", "capturing", "canceling"])
def test_it_may_be_heard_of_before_the_capture(order, stage):
    given_back(getattr(order, stage)(), re_1=300).expect_memory(refunded=300)

    order.when_told("payment.refund_failed", **lost("re_1")).expect_nothing_sent()
    order.expect_state(stage).expect_memory(refunded=0)


def test_a_dispute_is_heard_though_all_was_given_back(order):
    given_back(order.completed(), re_1=1299).when_told("payment.disputed")

    order.expect_state("refunded").expect_memory(disputed=True)
