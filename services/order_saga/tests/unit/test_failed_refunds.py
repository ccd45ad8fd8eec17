"""Refunds that were made and failed later: the cardholder's bank did not accept them."""

import pytest


def failure_of(refund):
    """Return the payload of the event that reports it."""
    return {"refund_id": refund, "stripe_refund_id": refund, "message": f"{refund} failed."}


def refunded(order, **amounts):
    """Refund these amounts at Stripe, by refund id."""
    for refund, amount in amounts.items():
        order.when_event("payment.refunded", stripe_refund_id=refund, amount=amount)
    return order


def test_a_failed_refund_is_published_and_can_be_requested_again(order):
    refunded(order.completed(), re_1=300).when_event("payment.refund_failed", **failure_of("re_1"))

    order.expect_published("order.completed", captured=1299).expect_state("completed")
    order.expect_reason("invalid_request", "re_1 failed.").expect_saga(refunded=0)
    order.when_requested("refund").expect_command("refund_payment", amount=1299)


def test_the_other_refunds_still_count(order):
    refunded(order.completed(), re_1=300, re_2=200)

    order.when_event("payment.refund_failed", **failure_of("re_1"))
    order.expect_published("order.refunded", refunded=200).expect_state("completed")


@pytest.mark.parametrize("amount", [300, 1299])
def test_a_requested_refund_fails_by_its_stripe_id(order, amount):
    order.refunding(amount).when_reply("payment.refunded")
    (refund,) = order.saga.refunds

    order.when_event("payment.refund_failed", **failure_of(refund)).expect_published(
        "order.completed"
    )
    order.expect_state("completed").expect_saga(refunded=0)


def test_a_refunded_order_is_completed_again(order):
    refunded(order.completed(), re_1=1000, re_2=299).expect_state("refunded")

    order.when_event("payment.refund_failed", **failure_of("re_2"))
    order.expect_published("order.refunded", refunded=1000).expect_state("completed")
    order.when_requested("refund").expect_command("refund_payment", amount=299)
    order.when_reply("payment.refunded").expect_state("refunded")


def test_an_order_resolved_as_refunded_is_completed_again(order):
    order.refunding().when_every_try_times_out().when_requested("resolve", **{"as": "refunded"})
    order.expect_saga(refunded=1299)

    order.when_event("payment.refund_failed", **failure_of("re_1")).expect_state("completed")
    order.expect_saga(refunded=0)


def test_a_refund_event_after_a_resolution_as_refunded_adds_nothing(order):
    order.refunding().when_every_try_times_out().when_requested("resolve", **{"as": "refunded"})

    order.when_reply("payment.refunded").expect_nothing_sent().expect_state("refunded")
    order.expect_saga(refunded=1299)


def test_a_failure_that_arrives_before_its_refund_counts(order):
    order.completed().when_event("payment.refund_failed", **failure_of("re_1"))

    refunded(order, re_1=300).expect_ignored(because="refund re_1 is already counted")
    order.expect_saga(refunded=0)


def test_a_failure_after_a_full_refund_by_others_changes_nothing(order):
    refunded(order.completed(), re_2=1299).when_event("payment.refund_failed", **failure_of("re_1"))

    order.expect_published("order.refunded", refunded=1299).expect_state("refunded")


def test_a_refund_fails_once(order):
    refunded(order.completed(), re_1=300).when_event("payment.refund_failed", **failure_of("re_1"))

    order.when_event("payment.refund_failed", **failure_of("re_1"))
    order.expect_ignored(because="refund re_1 has already failed")


def test_a_failure_of_another_refund_does_not_end_the_one_in_flight(order):
    refunded(order.completed(), re_1=300).when_requested("refund", amount=200)

    order.when_event("payment.refund_failed", **failure_of("re_1")).expect_nothing_sent()
    order.expect_state("refunding").expect_saga(refunded=0)
    order.when_reply("payment.refunded").expect_published("order.refunded", refunded=200)


@pytest.mark.parametrize("stage", ["authorizing", "authorized", "capturing", "canceling"])
def test_a_failure_can_arrive_before_the_capture_event(order, stage):
    refunded(getattr(order, stage)(), re_1=300).expect_saga(refunded=300)

    order.when_event("payment.refund_failed", **failure_of("re_1")).expect_nothing_sent()
    order.expect_state(stage).expect_saga(refunded=0)


def test_a_dispute_of_a_refunded_order_is_kept(order):
    refunded(order.completed(), re_1=1299).when_event("payment.disputed")

    order.expect_state("refunded").expect_saga(disputed=True)
