"""Any messages in any order, also repeated: Hypothesis searches for a sequence that fails."""

from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from order_saga.create_order.state import State
from saga_engine.decide import decide
from saga_engine.declaration import Step
from saga_engine.transitions import edges
from saga_testing.histories import VERSIONS, WEIGHTS
from saga_testing.invariants import Invariants
from saga_testing.messages import TYPES, Messages, begin
from saga_testing.simulation import World

pytestmark = pytest.mark.slow

*_, NEWEST = VERSIONS
DEFINITION = st.one_of(st.just(NEWEST), st.sampled_from(VERSIONS))
"""Any version, the newest more often than each earlier one."""


class OrderMachine(RuleBasedStateMachine):
    """One order whose messages are lost, repeated, delayed and reordered; it must come to rest."""

    @initialize(seed=st.integers(0, 2**32), definition=DEFINITION)
    def place(self, seed, definition):
        self.world = World(definition, Invariants(), Random(seed))

    @rule(name=st.sampled_from(sorted(WEIGHTS)))
    def something_happens(self, name):
        self.world.happen(name)

    @rule()
    def a_step_succeeds(self):
        self.world.deliver_command()
        self.world.stripe_decides()
        self.world.deliver_reply()

    @precondition(lambda self: self.world.saga.state == State.AUTHORIZED)
    @rule()
    def the_hold_is_captured(self):
        self.world.capture()

    def teardown(self):
        if hasattr(self, "world"):
            self.world.come_to_rest()


TestOrder = OrderMachine.TestCase
TestOrder.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)


TYPE = st.sampled_from([type_ for type_ in TYPES if type_ != "deadline_passed"])
ATTEMPT = st.sampled_from([None, 1, 1, 2, 3])
MESSAGE = st.tuples(TYPE, ATTEMPT)
DEADLINE = st.tuples(st.sampled_from(State), st.integers(1, 3))
SECONDS = st.integers(-100, 100)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
STEPS = st.lists(st.tuples(st.one_of(MESSAGE, MESSAGE, DEADLINE), SECONDS), max_size=25)


@settings(max_examples=500, deadline=None)
@given(steps=STEPS, zone=ZONES, definition=DEFINITION)
def test_no_sequence_of_messages_breaks_the_saga(steps, zone, definition):
    messages, now = Messages(), datetime(2026, 2, 1, tzinfo=zone)
    legal = {(edge.start, edge.end) for edge in edges(definition)}
    decision = begin(definition, messages.place_order().message, now)
    sent = list(decision.send)
    for (type_or_state, attempt), seconds in steps:
        before = decision.saga
        now += timedelta(seconds=seconds)

        decision = decide(definition, before, message_of(messages, type_or_state, attempt), now)

        after = decision.saga
        sent.extend(decision.send)
        assert before.state == after.state or (before.state, after.state) in legal
        assert bool(after.deadline_at) is isinstance(definition.nodes[after.state], Step)
        if decision.refused:
            assert decision.effect.startswith("ignored: ")
            assert after is before
    assert len({message.message_id for message in sent}) == len(sent)


def message_of(messages, type_or_state, attempt):
    if isinstance(type_or_state, State):
        return messages.deadline(type_or_state, attempt)
    fields = TYPES[type_or_state].model_fields["payload"].annotation.model_fields
    return messages.of(type_or_state, **({"attempt": attempt} if "attempt" in fields else {}))
