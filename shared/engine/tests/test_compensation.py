"""Compensations of a saga with three compensatable steps, case by case."""

from dataclasses import replace

import pytest
from engine_testing import delivery as d
from engine_testing.effects import DELIVERY
from engine_testing.paths import Path


@pytest.fixture
def order():
    """Return an order that reserves its items."""
    return Path.begin(d.delivery(), DELIVERY)


@pytest.fixture
def authorizing(order):
    return order.reply(d.ItemsReserved).reply(d.CourierBooked)


@pytest.fixture
def authorized(authorizing):
    return authorizing.reply(d.Authorized)


@pytest.fixture
def capturing(authorized):
    return authorized.event(d.CaptureRequested)


def states(path):
    return [str(state) for _, state in path.steps]


def sent(path):
    return [message.type for message in path.decision.send]


def test_a_declined_card_releases_courier_and_items_and_leaves_the_hold_alone(authorizing):
    declined = authorizing.reply(d.Declined)
    assert sent(declined) == ["dismiss_courier"]

    ended = declined.reply(d.CourierDismissed).reply(d.ItemsReleased)

    assert states(ended)[-3:] == ["dismissing", "releasing", "rejected"]


def test_a_time_out_compensates_the_step_whose_outcome_is_unknown_first(authorizing):
    timed_out = authorizing.time_out()
    assert sent(timed_out) == ["cancel_payment"]

    ended = timed_out.reply(d.PaymentCanceled).reply(d.CourierDismissed).reply(d.ItemsReleased)

    assert states(ended)[-4:] == ["canceling", "dismissing", "releasing", "rejected"]


@pytest.mark.parametrize(
    ("replies", "compensations"),
    [
        ((), ["releasing"]),
        ((d.ItemsReserved,), ["dismissing", "releasing"]),
        ((d.ItemsReserved, d.CourierBooked), ["canceling", "dismissing", "releasing"]),
        (
            (d.ItemsReserved, d.CourierBooked, d.Authorized),
            ["canceling", "dismissing", "releasing"],
        ),
    ],
)
def test_a_cancel_compensates_all_that_was_registered_in_reverse_order(
    order, replies, compensations
):
    for reply in replies:
        order = order.reply(reply)

    path = order.event(d.CancelRequested)
    taken = []
    answers = {
        "releasing": d.ItemsReleased,
        "dismissing": d.CourierDismissed,
        "canceling": d.PaymentCanceled,
    }
    while not path.has_ended:
        taken.append(str(path.saga.state))
        path = path.reply(answers[path.saga.state])

    assert (taken, path.saga.state) == (compensations, "canceled")


@pytest.mark.parametrize("state", ["authorizing", "authorized", "capturing"])
@pytest.mark.parametrize(
    ("event", "end"), [(d.HoldExpired, "expired"), (d.PaymentCanceled, "canceled")]
)
def test_a_hold_that_ended_at_stripe_releases_courier_and_items_wherever_it_is_reported(
    request, state, event, end
):
    path = request.getfixturevalue(state).event(event)

    ended = path.reply(d.CourierDismissed).reply(d.ItemsReleased)

    assert states(ended)[-3:] == ["dismissing", "releasing", end]


def test_a_capture_commits_all_that_was_registered(capturing):
    path = capturing.reply(d.Captured)

    assert path.saga.compensations == ()
    assert path.reply(d.ReceiptSent).saga.state == "completed"


def test_a_refused_capture_leaves_everything_registered(capturing):
    path = capturing.reply(d.CaptureFailed)

    assert path.saga.compensations == ("releasing", "dismissing", "canceling")
    assert path.event(d.CancelRequested).saga.state == "canceling"


def test_a_late_reply_of_a_timed_out_step_is_ignored_and_its_effect_compensated(authorizing):
    timed_out = authorizing.time_out()

    assert timed_out.reply(d.Authorized) is timed_out
    assert timed_out.saga.state == "canceling"


def test_a_compensation_that_fails_is_parked_retried_and_followed_by_the_others(authorized):
    parked = authorized.event(d.CancelRequested).reply(d.CancelFailed)
    assert parked.saga.position.parked == "canceling"
    assert parked.saga.compensations == ("releasing", "dismissing", "canceling")

    ended = parked.retry().reply(d.PaymentCanceled).reply(d.CourierDismissed)
    ended = ended.reply(d.ItemsReleased)

    assert states(ended)[-4:] == ["canceling", "dismissing", "releasing", "canceled"]


def test_a_late_reply_to_a_parked_compensation_runs_the_others(authorized):
    parked = authorized.event(d.CancelRequested).time_out().time_out()
    assert parked.saga.state == "needs_attention"

    assert parked.reply(d.PaymentCanceled).saga.state == "dismissing"


def test_an_operator_answers_for_the_parked_compensation_only(authorized):
    parked = authorized.event(d.CancelRequested).reply(d.CancelFailed)

    resolved = parked.resolve("canceled")
    assert sent(resolved) == ["dismiss_courier"]

    ended = resolved.reply(d.CourierDismissed).reply(d.ItemsReleased)
    assert (ended.saga.state, ended.ledger.compensated) == ("canceled", ("courier", "items"))


def test_an_operator_who_resolves_a_parked_capture_answers_for_the_hold_only(capturing):
    parked = capturing.time_out().time_out()

    resolved = parked.resolve("expired")

    assert states(resolved)[-1] == "dismissing"
    assert resolved.saga.ends_in == "expired"


def test_a_parked_capture_that_is_resolved_as_completed_commits(capturing):
    resolved = capturing.time_out().time_out().resolve("completed")

    assert (resolved.saga.state, resolved.saga.compensations) == ("completed", ())


def test_a_compensation_that_is_parked_while_others_wait_can_itself_be_resolved(authorized):
    path = authorized.event(d.CancelRequested).reply(d.PaymentCanceled).reply(d.DismissFailed)

    resolved = path.resolve("canceled")

    assert states(resolved)[-1] == "releasing"
    assert resolved.reply(d.ItemsReleased).saga.state == "canceled"


def test_a_courier_who_is_lost_needs_no_dismissal_and_the_others_are_compensated(authorized):
    path = authorized.event(d.CourierLost)
    assert path.saga.compensations == ("releasing", "canceling")

    ended = path.reply(d.PaymentCanceled).reply(d.ItemsReleased)

    assert (ended.saga.state, ended.ledger.compensated) == ("canceled", ("hold", "items"))


def test_a_resolution_that_contradicts_what_was_paid_is_refused(authorized, capturing):
    parked = authorized.event(d.CancelRequested).reply(d.CancelFailed)
    assert parked.resolve("completed") is parked

    unsent = capturing.reply(d.Captured).time_out().time_out()
    assert unsent.resolve("rejected") is unsent


def test_a_resolution_that_is_not_declared_is_refused(capturing):
    parked = capturing.time_out().time_out()

    assert parked.resolve("authorized") is parked


def test_a_deadline_counts_for_its_own_attempt_only(order):
    again = order.time_out()

    assert (again.saga.tries, again.saga.attempt) == (2, 2)
    assert again.stale(d.ItemsReserved) is again


def worn_out(path, state):
    """Return the path with the last attempt of a state used up."""
    saga = replace(path.saga, attempts={**path.saga.attempts, state: 1000})
    return replace(path, decision=replace(path.decision, saga=saga))


def test_a_time_out_that_reaches_the_attempt_limit_leaves_the_saga_overdue(authorizing):
    path = worn_out(authorizing, "canceling")

    overdue = path.time_out()

    assert (overdue.saga.state, overdue.saga.overdue) == ("authorizing", True)


def test_a_message_that_reaches_the_attempt_limit_sends_nothing(authorized):
    path = worn_out(authorized, "capturing")

    assert path.event(d.CaptureRequested) is path
