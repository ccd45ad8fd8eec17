"""Every state with every message: what happens, or why the message is ignored."""

from functools import partial

import pytest
from order_saga.create_order.state import State
from saga_engine.declaration import End, Parked, Rest, Step
from saga_engine.transitions import NO_REPLY, edges
from saga_testing.happy_path import happy_path
from saga_testing.messages import PAYLOADS, TYPES
from saga_testing.story import Story
from saga_testing.versions import NEWEST, VERSIONS

HAPPY_STATES = [NEWEST.start, *(edge.end for edge in happy_path())]
STAGES = {
    **{state: partial(Story.reaches, state=state) for state in HAPPY_STATES},
    "capturing": lambda order: order.capturing(),
    "completed": lambda order: order.completed(),
    "refunding": lambda order: order.refunding(),
    "canceling": lambda order: order.canceling(),
    "needs_attention, capturing": lambda order: order.capturing().when_every_try_times_out(),
    "needs_attention, refunding": lambda order: order.refunding().when_every_try_times_out(),
    "needs_attention, canceling": lambda order: order.canceling().when_every_try_times_out(),
    "rejected": lambda order: order.placed().when_reply("user.payment_info_failed"),
    "canceled": lambda order: order.placed().when_requested("cancel"),
    "expired": lambda order: order.authorized().when_event("payment.authorization_expired"),
    "refunded": lambda order: order.completed().when_event("payment.refunded"),
}
CASES = [
    (version, stage)
    for version, definition in VERSIONS.items()
    for stage in STAGES
    if stage.partition(",")[0] in definition.nodes
]
MESSAGES = [type_ for type_ in TYPES if type_ != "deadline_passed"]


def at(version, stage):
    """Return the story of an order of a version that has reached a stage."""
    order = STAGES[stage](Story(VERSIONS[version]))
    return order.expect_state(stage.partition(",")[0])


def test_every_state_of_every_version_is_tested():
    tested = {(version, stage.partition(",")[0]) for version, stage in CASES}

    assert tested == {(version, state) for version in VERSIONS for state in VERSIONS[version].nodes}


def test_every_message_has_a_payload():
    assert set(TYPES) == {
        *PAYLOADS,
        "user.payment_info_retrieved",
        "place_order",
        "deadline_passed",
    }


@pytest.mark.parametrize("attempt", [None, 1, 5, 1000])
@pytest.mark.parametrize("type_", MESSAGES)
@pytest.mark.parametrize(("version", "stage"), CASES)
def test_a_message_has_a_declared_outcome_or_is_ignored_with_a_reason(
    version, stage, type_, attempt
):
    order = at(version, stage)
    before = order.saga
    fields = TYPES[type_].model_fields["payload"].annotation.model_fields
    payload = {"attempt": attempt} if "attempt" in fields else {}

    order.when(order.messages.of(type_, **payload))

    after, effect = order.saga, order.decision.effect
    if order.decision.refused:
        assert effect.startswith("ignored: ")
        assert (len(effect) > 20, after) == (True, before)
    elif effect.startswith("-> "):
        assert (before.state, type_, after.state) in edges(order.definition)
    else:
        assert (effect, after.state) == (f"recorded, still {before.state}", before.state)


@pytest.mark.parametrize("attempt", [1, 5, 6, 1000])
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("version", "stage"), CASES)
def test_a_deadline_times_out_its_own_step_and_is_stale_for_others(version, stage, state, attempt):
    order = at(version, stage)
    before = order.saga

    order.when(order.messages.deadline(state, attempt))

    node = order.definition.nodes[before.state]
    due = isinstance(node, Step) and (state, attempt) == (before.state, before.attempt)
    assert order.decision.refused is not due
    if isinstance(node, End):
        order.expect_ignored(because="already")
    elif not due:
        order.expect_ignored(because=f"the deadline of {state}, attempt {attempt}, is stale")
    elif order.saga.state is not before.state:
        assert (before.state, NO_REPLY, order.saga.state) in edges(order.definition)


@pytest.mark.parametrize(("version", "stage"), CASES)
def test_only_a_step_has_a_deadline(version, stage):
    order = at(version, stage)

    assert bool(order.saga.deadline_at) is isinstance(
        order.definition.nodes[order.saga.state], Step
    )


@pytest.mark.parametrize(("version", "stage"), CASES)
def test_only_a_parked_saga_names_a_step_and_only_a_compensating_one_an_end(version, stage):
    order = at(version, stage)
    saga, definition = order.saga, order.definition

    compensating = bool({saga.state, saga.parked} & definition.compensations)
    assert bool(saga.parked) is isinstance(definition.nodes[saga.state], Parked)
    assert bool(saga.ends_in) is compensating


@pytest.mark.parametrize(("version", "stage"), CASES)
def test_the_same_decision_sends_the_same_message_ids(version, stage):
    once, twice = at(version, stage), at(version, stage)

    twice.now = once.now
    assert [message.message_id for message in once.sent] == [m.message_id for m in twice.sent]
    assert len({message.message_id for message in once.sent}) == len(once.sent)


@pytest.mark.parametrize(("version", "stage"), CASES)
def test_messages_have_the_time_of_their_decision(version, stage):
    for at_time, _, decision in at(version, stage).steps:
        assert all(message.timestamp == at_time for message in decision.send)


@pytest.mark.parametrize(("version", "stage"), CASES)
def test_a_rest_ignores_replies(version, stage):
    order = at(version, stage)
    if isinstance(order.definition.nodes[order.saga.state], Rest):
        order.when(order.messages.of("payment.captured", attempt=1))
        order.expect_ignored(because=f"unsolicited reply: {stage} has no command in flight")
