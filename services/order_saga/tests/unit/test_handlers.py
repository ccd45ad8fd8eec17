"""The use cases over sagas in memory."""

import pytest
from order_saga.domain import State
from order_saga.errors import IdempotencyKeyReused
from order_saga.handlers import place, react
from saga_messaging.outcomes import Handled, Refused


@pytest.fixture
def placing(definition, fake_sagas):
    return lambda *placements: place(definition, fake_sagas, placements)


@pytest.fixture
def reacting(definition, fake_sagas):
    return lambda *messages: react(definition, fake_sagas, messages).outcomes


def effects(outcomes):
    return [outcome.effect for outcome in outcomes.values()]


def test_a_placed_order_is_stored_and_asks_for_payment_info(placing, fake_sagas, messages):
    placement = messages.place_order()

    placed = placing(placement)

    (saga,) = placed.answers
    assert fake_sagas.rows == {messages.saga_id: saga}
    assert placed.new == [placement]
    outcome = placed.result.outcomes[placement.message.message_id]
    assert isinstance(outcome, Handled)
    assert [message.type for message in outcome.send] == ["retrieve_payment_info"]


def test_orders_without_a_key_are_never_the_same(placing, new_messages):
    placed = placing(new_messages().place_order(), new_messages().place_order())

    assert len({saga.id for saga in placed.answers}) == len(placed.new) == 2


def test_a_key_that_comes_again_is_answered_with_its_order_as_it_stands(
    placing, reacting, new_messages
):
    first = new_messages()
    placing(first.place_order(key="key"))
    reacting(first.info_failed())

    placed = placing(new_messages().place_order(key="key"))

    assert [(saga.id, saga.state) for saga in placed.answers] == [(first.saga_id, State.REJECTED)]
    assert (placed.new, placed.result.outcomes) == ([], {})


def test_a_key_that_comes_twice_in_one_batch_is_one_order(placing, fake_sagas, new_messages):
    placed = placing(*(new_messages().place_order(key="key") for _ in range(3)))

    assert {saga.id for saga in placed.answers} == set(fake_sagas.rows)
    assert len(fake_sagas.rows) == len(placed.new) == 1


def test_a_key_that_was_used_with_another_order_is_refused_and_the_others_are_placed(
    placing, new_messages
):
    placed = placing(
        new_messages().place_order(key="key", digest="one"),
        new_messages().place_order(key="key", digest="another"),
        new_messages().place_order(),
    )

    first, refused, third = placed.answers
    assert isinstance(refused, IdempotencyKeyReused)
    assert [placement.message.correlation_id for placement in placed.new] == [first.id, third.id]


def test_a_batch_whose_answer_was_lost_is_answered_the_same_and_sends_nothing(
    placing, new_messages
):
    placements = [new_messages().place_order(), new_messages().place_order(key="key")]
    first = placing(*placements)

    again = placing(*placements)

    assert again.answers == first.answers
    assert again.new == []


def test_a_message_moves_its_saga(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    outcomes = reacting(messages.info_retrieved())

    assert effects(outcomes) == ["-> authorizing"]
    assert fake_sagas.rows[messages.saga_id].state is State.AUTHORIZING


def test_messages_of_one_saga_are_taken_in_their_order(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    outcomes = reacting(
        messages.payment_failed(),
        messages.info_retrieved(),
        messages.info_retrieved(),
        messages.payment_authorized(),
    )

    assert effects(outcomes) == [
        "ignored: retrieving_payment_info does not wait for payment.failed",
        "-> authorizing",
        "ignored: authorizing does not wait for user.payment_info_retrieved",
        "-> authorized",
    ]
    assert [saga.state for saga in fake_sagas.saved] == [State.AUTHORIZED]


def test_a_message_for_an_unknown_order_is_refused_and_the_others_have_their_effect(
    placing, reacting, new_messages
):
    known, unknown = new_messages(), new_messages()
    placing(known.place_order())

    refused, handled = reacting(unknown.info_failed(), known.info_failed()).values()

    assert refused == Refused(f"correlation_id: there is no order {unknown.saga_id}")
    assert handled.effect == "-> rejected"


def test_a_saga_that_nothing_happened_to_is_not_saved(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    reacting(messages.payment_authorized())

    assert fake_sagas.saved == []
