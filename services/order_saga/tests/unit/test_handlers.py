"""The use cases, with sagas in memory."""

from dataclasses import replace

import pytest
from order_saga.create_order.state import State
from order_saga.create_order.versions import Definitions
from order_saga.errors import DefinitionUnknown, IdempotencyKeyReused, OrderNotFound
from order_saga.runtime.handlers import place, react, request
from saga_messaging.delivery.outcomes import Deferred, Handled, Ignored
from saga_testing.happy_path import happy_path
from saga_testing.messages import begin
from saga_testing.versions import VERSIONS


@pytest.fixture
def placing(versions, fake_sagas):
    return lambda *placements: place(versions, fake_sagas, placements)


@pytest.fixture
def reacting(versions, fake_sagas):
    return lambda *messages: react(versions, fake_sagas, messages).outcomes


@pytest.fixture
def requesting(versions, fake_sagas):
    return lambda message: request(versions, fake_sagas, message)


def effects(outcomes):
    return [outcome.effect for outcome in outcomes.values()]


def test_a_placed_order_is_stored_and_retrieves_payment_info(placing, fake_sagas, messages):
    placement = messages.place_order()

    placed = placing(placement)

    (saga,) = placed.answers
    assert fake_sagas.rows == {messages.saga_id: saga}
    assert placed.new == [placement]
    outcome = placed.batch.outcomes[placement.message.message_id]
    assert isinstance(outcome, Handled)
    assert [message.type for message in outcome.send] == ["retrieve_payment_info"]


def test_orders_without_a_key_are_different_orders(placing, new_messages):
    placed = placing(new_messages().place_order(), new_messages().place_order())

    assert len({saga.id for saga in placed.answers}) == len(placed.new) == 2


def test_a_repeated_key_returns_its_order_as_it_is_now(placing, reacting, new_messages):
    first = new_messages()
    placing(first.place_order(key="key"))
    reacting(first.info_failed())

    placed = placing(new_messages().place_order(key="key"))

    assert [(saga.id, saga.state) for saga in placed.answers] == [(first.saga_id, State.REJECTED)]
    assert (placed.new, placed.batch.outcomes) == ([], {})


def test_a_key_repeated_in_one_batch_places_one_order(placing, fake_sagas, new_messages):
    placed = placing(*(new_messages().place_order(key="key") for _ in range(3)))

    assert {saga.id for saga in placed.answers} == set(fake_sagas.rows)
    assert len(fake_sagas.rows) == len(placed.new) == 1


def test_a_key_of_another_order_is_refused_and_the_others_are_placed(placing, new_messages):
    placed = placing(
        new_messages().place_order(key="key", digest="one"),
        new_messages().place_order(key="key", digest="another"),
        new_messages().place_order(),
    )

    first, refused, third = placed.answers
    assert isinstance(refused, IdempotencyKeyReused)
    assert [placement.message.correlation_id for placement in placed.new] == [first.id, third.id]


def test_a_repeated_batch_returns_the_same_orders_and_sends_nothing(placing, new_messages):
    placements = [new_messages().place_order(), new_messages().place_order(key="key")]
    first = placing(*placements)

    again = placing(*placements)

    assert again.answers == first.answers
    assert again.new == []


def test_a_message_moves_its_saga(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    first = happy_path()[0]

    outcomes = reacting(*messages.replies_until(first.end))

    assert effects(outcomes) == [f"-> {first.end}"]
    assert fake_sagas.rows[messages.saga_id].state == first.end


def test_messages_of_one_saga_are_handled_in_their_order(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    outcomes = reacting(
        messages.payment_failed(),
        *messages.replies_until("authorized"),
        messages.payment_failed(),
    )

    assert effects(outcomes) == [
        "ignored: payment.failed is not accepted while retrieving_payment_info",
        *(f"-> {edge.end}" for edge in happy_path()),
        "ignored: unsolicited reply: authorized has no command in flight",
    ]
    assert [saga.state for saga in fake_sagas.saved] == [State.AUTHORIZED]


def test_a_message_of_an_unknown_order_is_ignored_and_the_others_are_handled(
    placing, reacting, new_messages
):
    known, unknown = new_messages(), new_messages()
    placing(known.place_order())

    ignored, handled = reacting(unknown.info_failed(), known.info_failed()).values()

    assert ignored == Ignored(f"correlation_id: there is no order {unknown.saga_id}")
    assert handled.effect == "-> rejected"


def test_an_unchanged_saga_is_not_saved(placing, reacting, fake_sagas, messages):
    placing(messages.place_order())

    reacting(messages.payment_authorized())

    assert fake_sagas.saved == []


def test_a_request_moves_its_order_and_records_who_requested_it(
    placing, requesting, fake_sagas, messages
):
    placing(messages.place_order())

    result = requesting(messages.of("cancel_requested", by="support", note="Twice ordered"))

    assert result.effect == "-> canceled (by support: Twice ordered)"
    assert not result.refused
    assert result.recorded
    assert fake_sagas.rows[messages.saga_id] == result.saga
    assert [message.type for message in result.batch.outcomes.popitem()[1].send] == [
        "order.canceled"
    ]


def test_a_request_that_the_state_does_not_accept_is_refused_and_nothing_is_saved(
    placing, requesting, fake_sagas, messages
):
    placing(messages.place_order())

    result = requesting(messages.of("capture_requested"))

    assert result.refused
    assert result.effect.startswith("ignored: capture_requested is not accepted while retrieving")
    assert fake_sagas.saved == []


def test_a_repeated_request_returns_its_result_and_does_nothing(
    placing, requesting, fake_sagas, messages
):
    placing(messages.place_order())
    request = messages.of("cancel_requested")
    first = requesting(request)
    fake_sagas.inbox[request.message_id] = (
        request.model_dump(mode="json")["payload"],
        first.effect,
    )

    again = requesting(request)

    assert (again.effect, again.recorded, again.refused) == (first.effect, None, False)
    assert again.batch.outcomes == {}


def test_an_id_of_another_request_is_refused(placing, requesting, fake_sagas, messages):
    placing(messages.place_order())
    request = messages.of("refund_requested", amount=5)
    fake_sagas.inbox[request.message_id] = ({"amount": 6}, "-> refunding")

    with pytest.raises(IdempotencyKeyReused):
        requesting(request)


def test_a_request_to_an_unknown_order_is_an_error(requesting, messages):
    with pytest.raises(OrderNotFound):
        requesting(messages.of("cancel_requested"))


def test_each_version_moves_its_own_sagas(versions, fake_sagas, reacting, messages):
    old = begin(versions.of(1), messages.place_order().message, fake_sagas.now()).saga
    fake_sagas.rows[old.id] = old

    reacting(messages.info_retrieved(), messages.deadline(State.AUTHORIZING))

    assert fake_sagas.rows[old.id].overdue
    assert fake_sagas.rows[old.id].state == State.AUTHORIZING


def test_a_saga_of_an_unknown_version_is_deferred_and_others_are_handled(
    placing, reacting, requesting, fake_sagas, new_messages
):
    newer, current = new_messages(), new_messages()
    placing(newer.place_order(), current.place_order())
    fake_sagas.rows[newer.saga_id] = replace(fake_sagas.rows[newer.saga_id], definition_version=9)

    known = ", ".join(map(str, VERSIONS))

    first, second = reacting(newer.info_failed(), current.info_failed()).values()

    assert first == Deferred(
        f"definition_version: 9 is not among the versions of this replica ({known}); "
        "a replica that has it handles the order",
        version=9,
    )
    assert isinstance(second, Handled)
    with pytest.raises(DefinitionUnknown):
        requesting(newer.of("cancel_requested"))


@pytest.mark.parametrize(
    "names",
    [
        {"state": "reserving"},
        {"parked": "reserving"},
        {"ends_in": "returned"},
        {"compensations": ("canceling", "releasing")},
    ],
    ids=lambda names: next(iter(names)),
)
def test_a_saga_that_names_a_state_that_its_version_does_not_have_here_is_deferred(
    versions, fake_sagas, messages, names
):
    saga = begin(versions.newest, messages.place_order().message, fake_sagas.now()).saga
    fake_sagas.rows[saga.id] = replace(saga, **names)

    (deferred,) = react(versions, fake_sagas, [messages.info_failed()]).outcomes.values()

    assert isinstance(deferred, Deferred)
    assert deferred.version == saga.definition_version
    with pytest.raises(DefinitionUnknown, match="of this replica does not have"):
        request(versions, fake_sagas, messages.of("cancel_requested"))
    assert fake_sagas.saved == []


def test_a_saga_of_a_version_that_was_removed_is_deferred_to_a_process_that_has_it(
    versions, fake_sagas, messages
):
    old = begin(versions.of(1), messages.place_order().message, fake_sagas.now()).saga
    fake_sagas.rows[old.id] = old
    fake_sagas.versions = {versions.newest.version: versions.newest}
    without = Definitions(fake_sagas.versions)

    (deferred,) = react(without, fake_sagas, [messages.info_failed()]).outcomes.values()

    assert isinstance(deferred, Deferred)
    assert deferred.version == 1


def test_the_key_of_an_order_of_another_version_is_answered_and_places_no_other_order(
    placing, fake_sagas, new_messages
):
    first = new_messages()
    placing(first.place_order(key="key", digest="one"))
    newer = replace(fake_sagas.rows[first.saga_id], definition_version=9)
    fake_sagas.rows[first.saga_id] = newer

    repeated, reused = (
        placing(new_messages().place_order(key="key", digest=digest)) for digest in ("one", "two")
    )

    assert isinstance(repeated.answers[0], DefinitionUnknown)
    assert isinstance(reused.answers[0], IdempotencyKeyReused)
    assert (repeated.new, reused.new) == ([], [])
    assert fake_sagas.rows == {first.saga_id: newer}


def test_a_refused_request_leaves_its_id_free(placing, requesting, messages):
    placing(messages.place_order())
    request = messages.of("retry_requested")

    refused = requesting(request)

    assert refused.refused
    assert (refused.recorded, refused.batch.outcomes) == (None, {})
