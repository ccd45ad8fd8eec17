"""The whole machine as one table: during a state, when a message, then what."""

import pytest
from order_saga.create_order import create_order
from order_saga.domain import DeadlinePassed, PlaceOrder, State
from saga_schemas.topics import PAYMENT_EVENTS, USER_EVENTS

RETRIEVING, AUTHORIZING = State.RETRIEVING_PAYMENT_INFO, State.AUTHORIZING
AUTHORIZED, REJECTED = State.AUTHORIZED, State.REJECTED

# What is sent on entering a state.
ENTERED = {
    "-> authorizing": ["authorize_payment"],
    "-> authorized": ["order.authorized"],
    "-> rejected": ["order.rejected"],
}


def not_waited_for(state, *types):
    return {type_: f"ignored: {state} does not wait for {type_}" for type_ in types}


def behind(*deadlines):
    effect = "ignored: the deadline of {}, attempt 1, is behind it"
    return {f"deadline of {state}": effect.format(state) for state in deadlines}


def over(state):
    replies = [
        "user.payment_info_retrieved",
        "user.payment_info_failed",
        "payment.authorized",
        "payment.failed",
        "place_order",
    ]
    deadlines = [f"deadline of {each}" for each in State]
    return dict.fromkeys([*replies, *deadlines], f"ignored: the order is already {state}")


TABLE = {
    RETRIEVING: {
        "user.payment_info_retrieved": "-> authorizing",
        "user.payment_info_failed": "-> rejected",
        "deadline of retrieving_payment_info": "-> rejected",
        **behind(AUTHORIZING, AUTHORIZED, REJECTED),
        **not_waited_for(RETRIEVING, "payment.authorized", "payment.failed", "place_order"),
    },
    AUTHORIZING: {
        "payment.authorized": "-> authorized",
        "payment.failed": "-> rejected",
        "deadline of authorizing": "authorizing: overdue, the outcome is unknown",
        **behind(RETRIEVING, AUTHORIZED, REJECTED),
        **not_waited_for(
            AUTHORIZING, "user.payment_info_retrieved", "user.payment_info_failed", "place_order"
        ),
    },
    AUTHORIZED: over(AUTHORIZED),
    REJECTED: over(REJECTED),
}
CELLS = [(state, name, effect) for state, row in TABLE.items() for name, effect in row.items()]


@pytest.fixture
def by_name(messages):
    return {
        "user.payment_info_retrieved": messages.info_retrieved(),
        "user.payment_info_failed": messages.info_failed(),
        "payment.authorized": messages.payment_authorized(),
        "payment.failed": messages.payment_failed(),
        "place_order": messages.place_order().message,
        **{f"deadline of {state}": messages.deadline(state) for state in State},
    }


@pytest.mark.parametrize(("state", "name", "effect"), CELLS)
def test_during_a_state_when_a_message_comes_then_the_table_says_what(
    driver, by_name, state, name, effect
):
    before = driver.walk_to(state)

    decision = driver.give(by_name[name])

    assert decision.effect == effect
    assert [message.type for message in decision.send] == ENTERED.get(effect, [])
    if effect.startswith("ignored"):
        assert decision.saga is before
    elif effect.startswith("->"):
        assert decision.saga.state == effect.removeprefix("-> ")


def test_the_table_has_every_state_and_every_message_that_can_come(by_name):
    types = {message.type for message in by_name.values()}
    can_come = (*USER_EVENTS.messages, *PAYMENT_EVENTS.messages, DeadlinePassed, PlaceOrder)

    assert set(TABLE) == set(State)
    assert all(set(row) == set(by_name) for row in TABLE.values())
    assert types == {message.model_fields["type"].default for message in can_come}


def test_the_table_takes_every_transition_that_is_declared():
    declared = {
        (state, rule.then)
        for state, node in create_order().nodes.items()
        for rule in [*getattr(node, "replies", ()), getattr(node, "on_timeout", None)]
        if rule
    }

    taken = {(state, effect[3:]) for state, _, effect in CELLS if effect.startswith("->")}

    assert taken == declared
