"""Whatever comes, in whatever order, as often as it likes: Hypothesis looks for what breaks it."""

from datetime import UTC, datetime, timedelta, timezone
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from order_saga.create_order.saga import create_order
from order_saga.create_order.saga_v1 import create_order_v1
from order_saga.create_order.state import State
from saga_engine.decide import decide
from saga_engine.declaration import Step
from saga_engine.transitions import edges
from saga_testing.histories import QUICK, WEIGHTS
from saga_testing.invariants import Invariants
from saga_testing.messages import TYPES, Messages, begin
from saga_testing.simulation import World

VERSIONS = (create_order_v1(QUICK), create_order(QUICK))


class Life(RuleBasedStateMachine):
    """One order among participants that lose, double, delay and reorder; it must come to rest."""

    @initialize(seed=st.integers(0, 2**32), newest=st.booleans())
    def place(self, seed, newest):
        self.world = World(VERSIONS[newest], Invariants(), Random(seed))

    @rule(what=st.sampled_from(sorted(WEIGHTS)))
    def something_happens(self, what):
        self.world.happen(what)

    @rule()
    def a_step_goes_well(self):
        self.world.deliver_command()
        self.world.stripe_decides()
        self.world.deliver_answer()

    @precondition(lambda self: self.world.saga.state == State.AUTHORIZED)
    @rule()
    def the_hold_is_captured(self):
        self.world.capture()

    def teardown(self):
        if hasattr(self, "world"):
            self.world.become_quiet()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)


TYPE = st.sampled_from([type_ for type_ in TYPES if type_ != "deadline_passed"])
ATTEMPT = st.sampled_from([None, 1, 1, 2, 3])
MESSAGE = st.tuples(TYPE, ATTEMPT)
DEADLINE = st.tuples(st.sampled_from(State), st.integers(1, 3))
SECONDS = st.integers(-100, 100)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
STEPS = st.lists(st.tuples(st.one_of(MESSAGE, MESSAGE, DEADLINE), SECONDS), max_size=25)


@settings(max_examples=500, deadline=None)
@given(steps=STEPS, zone=ZONES, definition=st.sampled_from(VERSIONS))
def test_no_sequence_of_messages_even_one_that_makes_no_sense_breaks_the_saga(
    steps, zone, definition
):
    messages, now = Messages(), datetime(2026, 2, 1, tzinfo=zone)
    legal = {(edge.start, edge.end) for edge in edges(definition)}
    decision = begin(definition, messages.place_order().message, now)
    sent = list(decision.send)
    for (what, attempt), seconds in steps:
        before = decision.saga
        now += timedelta(seconds=seconds)

        decision = decide(definition, before, message_of(messages, what, attempt), now)

        after = decision.saga
        sent.extend(decision.send)
        assert before.state == after.state or (before.state, after.state) in legal
        assert bool(after.deadline_at) is isinstance(definition.nodes[after.state], Step)
        if decision.refused:
            assert decision.effect.startswith("ignored: ")
            assert after is before
    assert len({message.message_id for message in sent}) == len(sent)


def message_of(messages, what, attempt):
    if isinstance(what, State):
        return messages.deadline(what, attempt)
    answers = TYPES[what].model_fields["payload"].annotation.model_fields
    return messages.of(what, **({"attempt": attempt} if "attempt" in answers else {}))
