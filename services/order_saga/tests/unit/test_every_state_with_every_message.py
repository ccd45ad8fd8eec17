"""The whole machine: during a state, when a message, then what, or why not."""

import pytest
from order_saga.create_order.state import State
from saga_engine.declaration import End, Parked, Rest, Step
from saga_engine.transitions import NO_REPLY, edges
from saga_testing.messages import PAYLOADS, TYPES
from saga_testing.story import Story

STAGES = {
    "retrieving_payment_info": lambda order: order.placed(),
    "authorizing": lambda order: order.authorizing(),
    "authorized": lambda order: order.authorized(),
    "capturing": lambda order: order.capturing(),
    "completed": lambda order: order.completed(),
    "refunding": lambda order: order.refunding(),
    "canceling": lambda order: order.canceling(),
    "needs_attention, capturing": lambda order: order.capturing().when_every_try_times_out(),
    "needs_attention, refunding": lambda order: order.refunding().when_every_try_times_out(),
    "needs_attention, canceling": lambda order: order.canceling().when_every_try_times_out(),
    "rejected": lambda order: order.placed().when_reply("user.payment_info_failed"),
    "canceled": lambda order: order.placed().when_asked("cancel"),
    "expired": lambda order: order.authorized().when_told("payment.authorization_expired"),
    "refunded": lambda order: order.completed().when_told("payment.refunded"),
}
OF_VERSION_1 = ("retrieving_payment_info", "authorizing", "authorized", "rejected")
PLACES = [(2, stage) for stage in STAGES] + [(1, stage) for stage in OF_VERSION_1]
MESSAGES = [type_ for type_ in TYPES if type_ != "deadline_passed"]


@pytest.fixture
def at(versions):
    def at(version, stage):
        order = STAGES[stage](Story(versions.of(version)))
        return order.expect_state(stage.partition(",")[0])

    return at


def test_the_stages_are_all_the_states(versions):
    assert {stage.partition(",")[0] for stage in STAGES} == set(versions.newest.nodes)
    assert set(OF_VERSION_1) == set(versions.of(1).nodes)
    assert set(TYPES) == {
        *PAYLOADS,
        "user.payment_info_retrieved",
        "place_order",
        "deadline_passed",
    }


@pytest.mark.parametrize("attempt", [None, 1, 5, 1000])
@pytest.mark.parametrize("type_", MESSAGES)
@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_whatever_comes_has_an_outcome_that_the_declaration_allows_or_a_reason(
    at, version, stage, type_, attempt
):
    order = at(version, stage)
    before = order.saga
    answers = TYPES[type_].model_fields["payload"].annotation.model_fields
    says = {"attempt": attempt} if "attempt" in answers else {}

    order.when(order.messages.of(type_, **says))

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
@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_a_deadline_moves_the_step_it_is_of_and_is_behind_every_other(
    at, version, stage, state, attempt
):
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


@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_time_is_running_exactly_while_a_step_waits(at, version, stage):
    order = at(version, stage)

    assert bool(order.saga.deadline_at) is isinstance(
        order.definition.nodes[order.saga.state], Step
    )


@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_only_a_parked_saga_is_parked_and_only_an_undoing_one_has_a_goal(at, version, stage):
    saga = at(version, stage).saga

    parked = isinstance(at(version, stage).definition.nodes[saga.state], Parked)
    assert bool(saga.parked) is parked
    assert bool(saga.ends_in) is (State.CANCELING in (saga.state, saga.parked))


@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_what_is_decided_twice_is_sent_twice_under_one_id(at, version, stage):
    once, twice = at(version, stage), at(version, stage)

    twice.now = once.now
    assert [message.message_id for message in once.sent] == [m.message_id for m in twice.sent]
    assert len({message.message_id for message in once.sent}) == len(once.sent)


@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_what_is_sent_carries_the_time_of_the_decision(at, version, stage):
    for now, _, decision in at(version, stage).told:
        assert all(message.timestamp == now for message in decision.send)


@pytest.mark.parametrize(("version", "stage"), PLACES)
def test_a_state_at_rest_expects_no_reply(at, version, stage):
    order = at(version, stage)
    if isinstance(order.definition.nodes[order.saga.state], Rest):
        order.when(order.messages.of("payment.captured", attempt=1))
        order.expect_ignored(because=f"unsolicited reply: {stage} has no command in flight")
