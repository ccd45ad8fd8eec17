"""What the declaration promises, and what a wrong one is told when it is loaded."""

from dataclasses import replace

import pytest
from order_saga.create_order import create_order
from order_saga.domain import State
from order_saga.saga import Definition, End, OnTimeout, Rest, Step
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS

RETRIEVING, AUTHORIZING = State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING
NODES = create_order().nodes


def declare(changes=None, *, start=RETRIEVING, without=None):
    nodes = {state: node for state, node in NODES.items() if state is not without}
    return Definition(version=1, start=start, nodes={**nodes, **(changes or {})})


def replies(step, **changes):
    return tuple(replace(on, **changes) for on in step.replies)


def test_every_reply_of_both_participants_moves_the_saga_somewhere():
    rules = [on for node in NODES.values() if isinstance(node, Step) for on in node.replies]

    assert {on.reply for on in rules} == {*USER_EVENTS.messages, *PAYMENT_EVENTS.messages}


def test_every_reply_can_say_which_attempt_it_answers():
    for message in (*USER_EVENTS.messages, *PAYMENT_EVENTS.messages):
        payload = message.model_fields["payload"].annotation
        assert not payload.model_fields["attempt"].is_required()


def test_every_step_has_a_time_out_and_the_settings_are_kept():
    nodes = create_order(payment_info_timeout_seconds=3, authorization_timeout_seconds=4).nodes

    assert [node.timeout_seconds for node in nodes.values() if isinstance(node, Step)] == [3, 4]


def test_what_is_held_rests_and_what_is_rejected_is_over():
    assert isinstance(NODES[State.AUTHORIZED], Rest)
    assert isinstance(NODES[State.REJECTED], End)


def test_a_state_without_a_node_is_refused():
    with pytest.raises(ValueError, match=r"states without a node: .*authorizing"):
        declare(without=AUTHORIZING)


def test_a_step_that_nothing_answers_is_refused():
    step = replace(NODES[AUTHORIZING], replies=())

    with pytest.raises(ValueError, match=r"steps without a reply.*authorizing"):
        declare({AUTHORIZING: step})


def test_a_step_with_two_rules_for_one_reply_is_refused():
    step = NODES[AUTHORIZING]
    doubled = replace(step, replies=(*step.replies, replace(step.replies[0], then=State.REJECTED)))

    with pytest.raises(ValueError, match=r"two rules for one.*authorizing"):
        declare({AUTHORIZING: doubled})


def test_a_state_that_nothing_leads_to_is_refused():
    step = replace(NODES[RETRIEVING], replies=replies(NODES[RETRIEVING], then=State.REJECTED))

    with pytest.raises(ValueError, match=r"states that nothing leads to: .*authorizing"):
        declare({RETRIEVING: step})


@pytest.mark.parametrize("back_to", [RETRIEVING, AUTHORIZING])
def test_a_step_that_is_entered_again_is_refused_for_its_command_would_have_the_same_id(back_to):
    again = replace(
        NODES[AUTHORIZING], on_timeout=OnTimeout(remember=lambda saga: saga, then=back_to)
    )

    with pytest.raises(ValueError, match="cycle"):
        declare({AUTHORIZING: again})
