"""What the declarations promise, and what a wrong one is told when it is loaded."""

from dataclasses import replace

import pytest
from order_saga.create_order import create_order
from order_saga.create_order_v1 import create_order_v1
from order_saga.definition import Compensate, Definition, Kind, On, OnTimeout, Rest, Step, rules
from order_saga.definitions import Definitions, definitions
from order_saga.domain import CancelRequested, State
from order_saga.errors import DefinitionUnknown
from order_saga.paths import type_of
from order_saga.settings import OrderSagaSettings
from order_saga.soundness import complaints, sound
from order_saga.step_times import StepTimes
from saga_schemas.payment_lifecycle import PaymentCaptured
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS

TODAY = create_order(StepTimes())
RETRIEVING, AUTHORIZING = State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING


def same(saga, *_):
    return saga


def declare(changes=None, *, without=None):
    nodes = {state: node for state, node in TODAY.nodes.items() if state is not without}
    return replace(TODAY, nodes={**nodes, **(changes or {})})


def changed(state, **changes):
    return declare({state: replace(TODAY.nodes[state], **changes)})


def without_rules_to(state, *goals):
    kept = tuple(rule for rule in TODAY.nodes[state].on if rule.then not in goals)
    return {state: replace(TODAY.nodes[state], on=kept)}


# What today's declarations promise


def test_every_version_is_there_and_the_newest_begins():
    assert sorted(definitions(StepTimes()).by_version) == [1, 2]
    assert definitions(StepTimes()).newest.version == 2


def test_a_version_that_this_code_does_not_know_is_an_error():
    with pytest.raises(DefinitionUnknown, match="definition_version: 3"):
        Definitions({2: TODAY}).of(3)


@pytest.mark.parametrize("declaration", [create_order, create_order_v1])
def test_every_version_is_sound(declaration):
    assert list(complaints(declaration(StepTimes()))) == []


def test_every_reply_of_both_participants_is_waited_for_somewhere():
    waited_for = {rule.message for node in TODAY.nodes.values() for rule in rules(node)}

    assert {*USER_EVENTS.messages, *PAYMENT_EVENTS.messages} <= waited_for


def test_every_reply_can_say_which_attempt_it_answers():
    for message in (*USER_EVENTS.messages, *PAYMENT_EVENTS.messages):
        payload = message.model_fields["payload"].annotation
        assert not payload.model_fields["attempt"].is_required()


def test_every_state_has_a_node_in_the_newest_version():
    assert set(TODAY.nodes) == set(State)


def test_every_step_of_the_newest_version_has_a_bounded_time():
    assert all(node.on_timeout for node in TODAY.nodes.values() if isinstance(node, Step))


def test_the_settings_are_kept():
    settings = OrderSagaSettings(
        database_url="postgresql+psycopg2://nobody@/none",
        payment_info_timeout_seconds=3,
        payment_info_tries=2,
        authorization_timeout_seconds=4,
        settlement_timeout_seconds=5,
        settlement_tries=6,
        settlement_back_off=1.5,
    )

    nodes = create_order(settings.step_times).nodes

    times = {
        state: (node.timeout_seconds, node.tries, node.back_off)
        for state, node in nodes.items()
        if isinstance(node, Step)
    }
    assert times == {
        RETRIEVING: (3, 2, 1.0),
        AUTHORIZING: (4, 1, 1.0),
        State.CAPTURING: (5, 6, 1.5),
        State.REFUNDING: (5, 6, 1.5),
        State.CANCELING: (5, 6, 1.5),
    }


# What a wrong one is told


def test_a_declaration_that_is_not_sound_does_not_load():
    with pytest.raises(ValueError, match="nothing is said of payment"):
        sound(changed(State.CANCELING, on=()))


def test_a_state_without_a_node_is_refused():
    assert list(complaints(declare(without=AUTHORIZING))) == ["a state without a node: authorizing"]


def test_a_step_that_nothing_answers_is_refused():
    for state, reply in (
        (AUTHORIZING, "payment.failed"),
        (State.CAPTURING, "payment.capture_failed"),
        (State.REFUNDING, "payment.refund_failed"),
        (State.CANCELING, "payment.cancel_failed"),
    ):
        kept = tuple(rule for rule in TODAY.nodes[state].on if type_of(rule.message) != reply)
        complaint = f"{state}: nothing is said of {reply}, which may answer its command"
        assert complaint in complaints(changed(state, on=kept))


def test_an_end_with_something_left_undone_is_refused():
    hold = TODAY.nodes[State.AUTHORIZED]
    forgetful = On(CancelRequested, same, then=State.CANCELED)
    leaky = changed(State.AUTHORIZED, on=(forgetful, *hold.on))
    silent = changed(AUTHORIZING, on_timeout=OnTimeout(same, State.REJECTED))

    assert (
        "cancel_requested leads from authorized to canceled, and canceling is left undone"
        in complaints(leaky)
    )
    assert (
        "no answer leads from authorizing to rejected, and canceling is left undone"
        in complaints(silent)
    )


def test_a_second_rule_that_no_message_reaches_is_refused():
    again = On(PaymentCaptured, same, then=State.AUTHORIZED)
    doubled = changed(State.CAPTURING, on=(*TODAY.nodes[State.CAPTURING].on, again))

    assert "capturing: no payment.captured reaches its second rule" in complaints(doubled)


def test_a_state_that_nothing_leads_to_is_refused():
    unreached = declare(without_rules_to(State.AUTHORIZED, State.CAPTURING))

    assert "states that nothing leads to: capturing" in complaints(unreached)


def test_a_state_that_leads_nowhere_is_refused():
    again = On(TODAY.nodes[State.CANCELING].on[0].message, same, then=State.CANCELING)
    forever = changed(State.CANCELING, on=(again,), on_timeout=OnTimeout(same, State.CANCELING))

    assert "states that lead to no end: canceling" in complaints(forever)


def test_a_compensatable_step_after_the_pivot_is_refused():
    step = TODAY.nodes[State.REFUNDING]
    late = changed(State.REFUNDING, kind=Kind.COMPENSATABLE, undo=State.CANCELING)

    assert step.kind is Kind.RETRIABLE
    assert "refunding can follow the pivot capturing, and would have to be undone" in complaints(
        late
    )


def test_a_compensatable_step_without_an_undo_is_refused():
    careless = changed(AUTHORIZING, undo=None)

    assert any(
        "authorizing: a compensatable step names its undo" in c for c in complaints(careless)
    )


def test_a_compensatable_step_that_has_an_undo_and_nothing_to_undo_is_refused():
    torn = changed(AUTHORIZING, nothing_to_undo=True)

    assert any("authorizing: a compensatable step names its undo" in c for c in complaints(torn))


def test_an_undo_of_a_step_that_is_not_compensatable_is_refused():
    wrong = changed(State.CAPTURING, undo=State.CANCELING)

    assert "capturing: only a compensatable step has an undo" in complaints(wrong)


def test_a_rest_may_lead_to_undoing_of_all_that_was_registered():
    definition = Definition(
        version=9,
        start=AUTHORIZING,
        nodes={
            AUTHORIZING: TODAY.nodes[AUTHORIZING],
            **{s: TODAY.nodes[s] for s in TODAY.nodes if s not in (RETRIEVING, AUTHORIZING)},
        },
        settled_by=TODAY.settled_by,
    )

    assert list(complaints(definition)) == []
    assert isinstance(definition.nodes[State.AUTHORIZED], Rest)
    assert any(
        rule.then == Compensate(State.CANCELED) for rule in rules(definition.nodes[AUTHORIZING])
    )
