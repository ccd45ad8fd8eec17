"""Declarations that could lose a compensation or leave a saga stuck are refused, in words."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from engine_testing import delivery as d
from engine_testing.messages import keep, sends
from engine_testing.tour import tour
from saga_engine.checks import checked, problems
from saga_engine.declaration import Definition, Kind, Node
from saga_engine.rules import Timeout, accept
from saga_engine.words import (
    NEXT_COMPENSATION,
    PARK,
    compensate,
    earlier,
    either,
    end,
    on,
    pivot,
    rest,
    retriable,
    saga,
    step,
)

S = d.State
DELIVERY = d.delivery()


def with_nodes(*nodes: Node, without: str | None = None) -> Definition:
    changed = {state: node for state, node in DELIVERY.nodes.items() if state != without}
    changed |= {node.state: node for node in nodes}
    return Definition(1, DELIVERY.start, changed, DELIVERY.replies)


def node(state: str) -> Node:
    return DELIVERY.nodes[state]


def without(state: str, *messages: type) -> Node:
    rules = tuple(rule for rule in node(state).rules if rule.message not in messages)
    return replace(node(state), rules=rules)


def replaced(state: str, message: type, **changes) -> Node:
    rules = (
        replace(rule, **changes) if rule.message is message else rule for rule in node(state).rules
    )
    return replace(node(state), rules=tuple(rules))


CASES: dict[str, tuple[Callable[[], Definition], str]] = {
    "a second compensation that a cancel forgets": (
        lambda: with_nodes(replaced(S.AUTHORIZED, d.CancelRequested, then=S.CANCELED)),
        (
            "cancel_requested leads from authorized to canceled"
            " with releasing, dismissing, canceling still registered"
        ),
    ),
    "an expiry that ends at once": (
        lambda: with_nodes(replaced(S.AUTHORIZED, d.HoldExpired, then=S.EXPIRED)),
        (
            "payment.authorization_expired leads from authorized to expired"
            " with releasing, dismissing still registered"
        ),
    ),
    "a time-out that ends at once": (
        lambda: with_nodes(node(S.BOOKING).on_timeout(keep, S.REJECTED)),
        "no answer leads from booking to rejected with releasing, dismissing still registered",
    ),
    "a pivot that does not commit a compensation": (
        lambda: with_nodes(replace(node(S.CAPTURING), commits=(S.CANCELING, S.DISMISSING))),
        "payment.captured leads from capturing to sending_receipt with releasing still registered",
    ),
    "a commit of a message that is no reply of the pivot": (
        lambda: with_nodes(replaced(S.AUTHORIZING, d.Authorized, commits=True)),
        "authorizing, payment.authorized: commits, and is no reply of the pivot",
    ),
    "a commit of a state that compensates nothing": (
        lambda: with_nodes(replace(node(S.CAPTURING), commits=(*d.ALL, S.BOOKING))),
        "capturing: commits booking, which compensates no step",
    ),
    "a rule that settles a state that compensates nothing": (
        lambda: with_nodes(replaced(S.AUTHORIZING, d.Declined, settles=S.BOOKING)),
        "authorizing, payment.failed: settles booking, which compensates no step",
    ),
    "a resolution that answers for a state that compensates nothing": (
        lambda: with_nodes(node(S.CAPTURING).on_resolve(settles=S.BOOKING)),
        "capturing: on_resolve settles booking, which compensates no step",
    ),
    "a compensatable step without a compensation": (
        lambda: with_nodes(replace(node(S.BOOKING), compensation=None)),
        "booking: a compensatable step names its compensation; a query has none",
    ),
    "a compensation of a step that is not compensatable": (
        lambda: with_nodes(replace(node(S.SENDING_RECEIPT), compensation=S.CANCELING)),
        "sending_receipt: only a compensatable step has a compensation",
    ),
    "a compensation that is not retriable": (
        lambda: with_nodes(replace(node(S.RELEASING), kind=Kind.QUERY)),
        "releasing: a compensation must be retriable",
    ),
    "a compensation that never leads on": (
        lambda: with_nodes(replaced(S.RELEASING, d.ItemsReleased, then=S.RELEASING)),
        "releasing: no reply leads to the next compensation",
    ),
    "a compensation that jumps over the others": (
        lambda: with_nodes(replaced(S.CANCELING, d.Captured, then=S.REJECTED)),
        "canceling, payment.captured: a compensation leads to rejected before the others have run",
    ),
    "the next compensation where none runs": (
        lambda: with_nodes(replaced(S.BOOKING, d.NoCourier, then=NEXT_COMPENSATION)),
        "booking, courier.unavailable: leads to the next compensation, and booking is none",
    ),
    "a compensatable step after the commit": (
        lambda: with_nodes(
            node(S.SENDING_RECEIPT).on(d.CourierLost, keep, S.BOOKING),
        ),
        "booking: a compensatable step after the commit",
    ),
    "a commit that compensates": (
        lambda: with_nodes(
            replaced(S.AUTHORIZED, d.HoldExpired, settles=None, commits=True),
        ),
        (
            "authorized, payment.authorization_expired: commits, and does not lead to a state"
            " of success"
        ),
    ),
    "a commit in a compensation": (
        lambda: with_nodes(replaced(S.CANCELING, d.Captured, commits=True)),
        "canceling, payment.captured: commits, and does not lead to a state of success",
    ),
    "one compensation of two steps": (
        lambda: with_nodes(node(S.BOOKING).compensated_by(S.RELEASING)),
        "releasing: compensates 2 steps; each step needs a compensation of its own",
    ),
    "a step that is entered again before it is compensated": (
        lambda: with_nodes(replaced(S.AUTHORIZING, d.Declined, then=S.RESERVING)),
        (
            "payment.failed leads from authorizing to reserving,"
            " whose compensation is still registered"
        ),
    ),
    "a compensation that takes silence for success": (
        lambda: with_nodes(node(S.RELEASING).on_timeout(keep, NEXT_COMPENSATION)),
        "releasing: a compensation that times out is parked; its outcome is unknown",
    ),
    "a compensation that ends in a compensation": (
        lambda: with_nodes(replaced(S.BOOKING, d.NoCourier, then=compensate(S.RELEASING))),
        (
            "booking, courier.unavailable: compensates and ends in releasing, which is no end"
            " and no rest"
        ),
    ),
    "a compensation that ends in success": (
        lambda: with_nodes(node(S.BOOKING).on_timeout(keep, compensate(S.COMPLETED))),
        "booking, no reply: compensates and ends in completed, which is a success",
    ),
    "a compensation that starts another compensation": (
        lambda: with_nodes(replaced(S.CANCELING, d.HoldExpired, then=d.EXPIRE)),
        (
            "canceling, payment.authorization_expired: a compensation leads to an end or another"
            " state before the others have run"
        ),
    ),
    "a compensation that goes on by a condition": (
        lambda: with_nodes(
            replaced(S.DISMISSING, d.DismissFailed, then=either(bool, S.AUTHORIZING, S.DISMISSING))
        ),
        (
            "dismissing, courier.dismiss_failed: a compensation leads to an end or another state"
            " before the others have run"
        ),
    ),
    "two parked states": (
        lambda: with_nodes(replace(node(S.NEEDS_ATTENTION), state="on_hold")),
        "more than one parked state: needs_attention, on_hold",
    ),
    "a success by the operator's word alone": (
        lambda: with_nodes(replace(node(S.NEEDS_ATTENTION), unless=accept)),
        "needs_attention: committed needs unless, which knows what was paid",
    ),
    "a reply that settles another step's compensation": (
        lambda: with_nodes(replaced(S.BOOKING, d.NoCourier, settles=S.RELEASING)),
        "booking, courier.unavailable: a reply settles its own step's compensation, dismissing",
    ),
    "an operator who answers for another step's compensation": (
        lambda: with_nodes(node(S.CANCELING).on_resolve(settles=S.RELEASING)),
        "canceling: only a pivot has on_resolve; an operator answers for the step's own",
    ),
    "a step without a time-out rule": (
        lambda: with_nodes(replace(node(S.SENDING_RECEIPT), timeout_rule=None)),
        "sending_receipt: say on_timeout, or stays_overdue",
    ),
    "a parked end that nothing leads out of": (
        lambda: with_nodes(
            node(S.REJECTED).on(d.CourierLost, keep, PARK),
            replace(node(S.NEEDS_ATTENTION), resolutions=(), committed=()),
        ),
        "states that lead to no end: needs_attention (parked: rejected)",
    ),
    "a pivot that compensates on silence": (
        lambda: with_nodes(node(S.CAPTURING).on_timeout(keep, d.REJECT)),
        "capturing: a pivot that times out is parked; it may have succeeded",
    ),
    "a pivot that a customer cancels": (
        lambda: with_nodes(node(S.CAPTURING).on(d.CancelRequested, keep, d.CANCEL)),
        "capturing, cancel_requested: only a reply of the pivot can say that it did not succeed",
    ),
    "a compensation after the commit": (
        lambda: with_nodes(node(S.SENDING_RECEIPT).on(d.CourierLost, keep, d.REJECT)),
        "courier.lost leads from sending_receipt to rejected: compensates after the commit",
    ),
    "a command whose replies are not declared": (
        lambda: with_nodes(replace(node(S.SENDING_RECEIPT), command=sends(d.Event))),
        "sending_receipt: the replies of OrderEvent are not declared",
    ),
    "a command without a return annotation": (
        lambda: with_nodes(replace(node(S.SENDING_RECEIPT), command=keep)),
        "sending_receipt: its command needs a return annotation, the class of its message",
    ),
    "two pivots": (
        lambda: with_nodes(pivot(S.SENDING_RECEIPT, sends(d.SendReceipt), d.ONCE, commits=[])),
        "more than one pivot: capturing, sending_receipt",
    ),
    "a state without a node": (
        lambda: with_nodes(without=S.EXPIRED),
        "state without a node: expired",
    ),
    "a compensation without a node": (
        lambda: with_nodes(without=S.RELEASING),
        "state without a node: releasing",
    ),
    "a state that nothing leads to": (
        lambda: with_nodes(end("forgotten", d.announce)),
        "unreachable states: forgotten",
    ),
    "a state that leads nowhere": (
        lambda: with_nodes(
            rest(S.COMPLETED, d.announce).on(d.CancelRequested, keep, S.COMPLETED),
        ),
        "states that lead to no end: completed",
    ),
    "a reply without a rule": (
        lambda: with_nodes(without(S.AUTHORIZING, d.Declined)),
        "authorizing: no rule for payment.failed, a reply to its command",
    ),
    "a second rule that no message reaches": (
        lambda: with_nodes(
            node(S.BOOKING).with_rules(on(d.NoCourier, keep, compensate(S.EXPIRED)))
        ),
        "booking: no courier.unavailable reaches its second rule",
    ),
    "a resolution into a step": (
        lambda: with_nodes(replace(node(S.NEEDS_ATTENTION), resolutions=(S.BOOKING,))),
        "booking: an operator can resolve a saga into an end or a rest only",
    ),
    "parking without a parked state": (
        lambda: with_nodes(without=S.NEEDS_ATTENTION),
        "PARK needs a state that is declared with parked()",
    ),
}


@pytest.mark.parametrize(("declare", "problem"), CASES.values(), ids=CASES)
def test_a_declaration_is_refused_with_the_states_it_is_about(declare, problem):
    assert problem in list(problems(declare()))
    with pytest.raises(ValueError, match=r"^version 1: "):
        checked(declare())


@pytest.mark.parametrize("definition", [DELIVERY, tour()], ids=["delivery", "tour"])
def test_a_declaration_that_can_be_run_has_no_problem(definition):
    assert list(problems(definition)) == []
    assert checked(definition) is definition


def test_a_second_step_that_is_added_the_natural_way_is_compensated_or_refused():
    """Once it was forgotten silently: only a declined card released the items."""
    unnamed = replace(node(S.CAPTURING), commits=(S.CANCELING,))
    packing = (
        step("packing", sends(d.ReserveItems), d.ONCE)
        .compensated_by("unpacking")
        .on(d.ItemsReserved, keep, S.RESERVING)
        .on(d.ItemsUnavailable, keep, d.REJECT, settles="unpacking")
        .on_timeout(keep, d.REJECT)
    )
    unpacking = (
        retriable("unpacking", sends(d.ReleaseItems), d.ONCE)
        .on(d.ItemsReleased, keep, NEXT_COMPENSATION)
        .on(d.ReleaseFailed, keep, NEXT_COMPENSATION)
        .on_timeout(keep, PARK)
    )
    nodes = {"packing": packing, **DELIVERY.nodes, "unpacking": unpacking}
    added = Definition(1, "packing", nodes, DELIVERY.replies)
    assert any("unpacking still registered" in problem for problem in problems(added))

    commits = replace(unnamed, commits=(*d.ALL, "unpacking"))
    named = Definition(1, "packing", {**nodes, S.CAPTURING: commits}, DELIVERY.replies)
    assert list(problems(named)) == []


def test_a_state_that_is_declared_twice_is_refused():
    twice = step("booking", sends(d.BookCourier), d.ONCE)

    with pytest.raises(ValueError, match="version 1: declared twice, or nothing: booking"):
        saga(1, d.REPLIES, twice, twice)


def test_a_wait_that_backs_off_beyond_every_number_is_one_week():
    assert Timeout(60, tries=400, back_off=10.0).of_try(400).days == 7


def test_an_earlier_version_without_a_compensatable_step_is_declared_by_what_differs():
    reserving = node(S.RESERVING)
    rules = (replace(reserving.rules[0], then=S.AUTHORIZING), *reserving.rules[1:])
    kept = [state for state in DELIVERY.nodes if state not in {S.BOOKING, S.DISMISSING}]

    before = earlier(DELIVERY, 0, kept, changes={S.RESERVING: {"rules": rules}})

    assert before.nodes[S.CAPTURING].commits == (S.RELEASING, S.CANCELING)
    assert before.compensations == {S.RELEASING, S.CANCELING}
