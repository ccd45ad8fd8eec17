"""Whatever comes, in whatever order, as often as it likes, at whatever time."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from order_saga.create_order import create_order
from order_saga.domain import State
from order_saga.saga import decide, start

ATTEMPTS = st.sampled_from([None, 1, 2])
REPLIES = st.tuples(
    st.sampled_from(["info_retrieved", "info_failed", "payment_authorized", "payment_failed"]),
    ATTEMPTS,
)
DEADLINES = st.tuples(st.just("deadline"), st.sampled_from(State), st.integers(1, 3))
PLACED = st.just(("place_order",))
SECONDS = st.integers(-100, 100)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
STEPS = st.lists(st.tuples(st.one_of(REPLIES, REPLIES, DEADLINES, PLACED), SECONDS), max_size=12)

DEFINITION = create_order()
LEGAL = {
    (State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING),
    (State.RETRIEVING_PAYMENT_INFO, State.REJECTED),
    (State.AUTHORIZING, State.AUTHORIZED),
    (State.AUTHORIZING, State.REJECTED),
}


@settings(max_examples=500, deadline=None)
@given(steps=STEPS, zone=ZONES)
def test_no_sequence_of_messages_breaks_the_saga(new_messages, steps, zone):
    messages = new_messages()
    now = datetime(2026, 2, 1, tzinfo=zone)
    decision = start(DEFINITION, messages.place_order().message, now)
    sent = list(decision.send)
    for (name, *arguments), seconds in steps:
        before = decision.saga
        message = getattr(messages, name)(*arguments)
        message = message.message if name == "place_order" else message
        now += timedelta(seconds=seconds)

        decision = decide(DEFINITION, before, message, now)

        after = decision.saga
        sent.extend(decision.send)
        assert before.state is after.state or (before.state, after.state) in LEGAL
        assert bool(decision.send) == (before.state is not after.state)
        assert (after.deadline_at is None) == (after.state in (State.AUTHORIZED, State.REJECTED))
        if decision.effect.startswith("ignored"):
            assert after is before

    types = Counter(message.type for message in sent)
    assert types["authorize_payment"] <= 1
    assert types["order.authorized"] + types["order.rejected"] <= 1
    assert len({message.message_id for message in sent}) == len(sent)
    assert (types["order.rejected"] == 1) == (decision.saga.reason is not None)
