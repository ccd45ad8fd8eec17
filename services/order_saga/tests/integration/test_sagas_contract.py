"""What the sagas in memory and the sagas in PostgreSQL have in common: all that a use case sees."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from order_saga.create_order.state import State
from order_saga.runtime.repository import SqlSagas
from saga_engine.decide import decide
from saga_schemas.envelope import reserved_message_id
from saga_testing.messages import begin
from saga_testing.versions import NEWEST, VERSIONS


@pytest.fixture(params=["in memory", "in PostgreSQL"])
def sagas(request):
    if request.param == "in memory":
        yield request.getfixturevalue("fake_sagas")
        return
    database = request.getfixturevalue("replica_with")().database
    with database.engine.begin() as connection:
        yield SqlSagas(connection, VERSIONS)


@pytest.fixture
def add(sagas, definition):
    """Add new orders; returns their sagas."""

    def add(*placements):
        pairs = [(each, begin(definition, each.message, sagas.now()).saga) for each in placements]
        added = sagas.add(pairs)
        return [saga for _, saga in pairs if saga.id in added]

    return add


@pytest.fixture
def add_due(sagas, definition):
    """Add an order whose deadline passed some seconds ago."""

    def add_due(messages, *, seconds):
        placement = messages.place_order()
        saga = begin(definition, placement.message, sagas.now()).saga
        saga = replace(saga, deadline_at=sagas.now() - timedelta(seconds=seconds))
        sagas.add([(placement, saga)])
        return saga

    return add_due


def test_the_time_is_aware_and_stands_still_in_a_transaction(sagas):
    assert sagas.now().utcoffset() is not None
    assert sagas.now() == sagas.now()


def test_an_added_saga_is_there_whole(sagas, add, messages):
    (saga,) = add(messages.place_order())

    assert sagas.lock([saga.id]) == {saga.id: saga}


def test_sagas_that_are_not_there_are_left_out(sagas, add, messages):
    (saga,) = add(messages.place_order())

    assert set(sagas.lock([saga.id, "unknown", "it's"])) == {saga.id}


def test_all_orders_without_a_key_are_added(add, new_messages):
    assert len(add(*(new_messages().place_order() for _ in range(3)))) == 3


def test_of_two_with_one_key_in_a_batch_the_first_is_added(sagas, add, new_messages):
    one, other = new_messages(), new_messages()

    (saga,) = add(one.place_order(key="key"), other.place_order(key="key"))

    assert saga.id == one.saga_id
    assert sagas.lock([other.saga_id]) == {}


def test_a_key_that_is_taken_is_not_added_and_other_keys_are(sagas, add, new_messages):
    add(new_messages().place_order(key="b", digest="first"))

    added = add(*(new_messages().place_order(key=key) for key in "cba"))

    assert len(added) == 2
    assert sagas.placed(["b"])["b"][1] == "first"


@pytest.mark.parametrize("key", [None, "key"])
def test_a_saga_that_is_there_already_is_not_added_again(add, messages, key):
    placement = messages.place_order(key=key)
    add(placement)

    assert add(placement) == []


def test_a_key_leads_to_its_saga_as_it_stands_and_to_its_digest(sagas, add, new_messages):
    (saga, _) = add(
        new_messages().place_order(key="key", digest="one"), new_messages().place_order(key="k")
    )
    sagas.save([replace(saga, overdue=True)])

    assert sagas.placed(["key", "unknown"]) == {"key": (replace(saga, overdue=True), "one")}


@pytest.mark.parametrize(
    ("state", "reply"),
    [
        (NEWEST.start, None),
        ("authorizing", None),
        ("authorized", None),
        (NEWEST.start, "user.payment_info_failed"),
        ("authorizing", "payment.failed"),
    ],
)
def test_what_is_saved_is_what_is_locked_next(sagas, add, messages, state, reply):
    (saga,) = add(messages.place_order())
    replies = messages.replies_until(state)
    if reply:
        replies.append(messages.of(reply, attempt=1))
    for message in replies:
        saga = decide(NEWEST, saga, message, sagas.now()).saga

    sagas.save([saga])

    assert sagas.lock([saga.id]) == {saga.id: saga}


def test_each_refund_is_saved_by_its_id(sagas, add, messages):
    (saga,) = add(messages.place_order())
    paid = replace(saga, state=State.COMPLETED, captured=1299, refunds={"re_1": 300, "re_2": 200})

    sagas.save([paid])

    assert sagas.lock([saga.id]) == {saga.id: paid}


def test_what_is_no_longer_known_is_saved_too(sagas, add, definition, messages):
    (new,) = add(messages.place_order())
    (reply, *_) = messages.replies_until("authorized")
    known = decide(definition, new, reply, sagas.now()).saga
    sagas.save([replace(known, payment_intent_id="pi_1", capture_before=sagas.now())])

    sagas.save([new])

    assert sagas.lock([new.id]) == {new.id: new}


def test_saving_one_leaves_the_others_and_saving_none_leaves_all(sagas, add, new_messages):
    one, other = add(new_messages().place_order(), new_messages().place_order())

    sagas.save([replace(one, state=State.REJECTED, deadline_at=None)])
    sagas.save([])

    assert sagas.lock([other.id]) == {other.id: other}


def test_a_passed_deadline_is_due_and_names_its_step(sagas, add_due, messages):
    saga = add_due(messages, seconds=0)

    (message,) = sagas.due(10)

    assert (message.correlation_id, message.payload.state) == (saga.id, saga.state)
    assert message.payload.attempt == saga.attempt
    assert message.message_id == reserved_message_id("deadline", saga.id, saga.state, 1)
    assert message.timestamp.tzinfo is UTC


def test_the_longest_passed_are_due_first_up_to_the_limit(sagas, add_due, new_messages):
    late = {seconds: add_due(new_messages(), seconds=seconds).id for seconds in (1, 3, 2)}

    assert [message.correlation_id for message in sagas.due(2)] == [late[3], late[2]]


def test_what_is_not_over_or_over_for_good_or_known_to_be_overdue_is_not_due(
    sagas, add, add_due, new_messages
):
    add(new_messages().place_order())
    overdue, at_rest = (add_due(new_messages(), seconds=1) for _ in range(2))

    sagas.save([replace(overdue, overdue=True), replace(at_rest, deadline_at=None)])

    assert sagas.due(10) == []
