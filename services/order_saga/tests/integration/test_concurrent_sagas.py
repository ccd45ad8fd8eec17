"""What only a real database can show: two processes at the same sagas at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import tenacity
from order_saga.runtime.repository import SqlSagas
from saga_testing.messages import begin
from saga_testing.versions import VERSIONS
from sqlalchemy import text
from sqlalchemy.exc import OperationalError


@pytest.fixture
def engine(orders):
    return orders.database.engine


@pytest.fixture
def new_saga(definition, new_messages):
    """A placement with its saga, due by default since a second."""

    def new_saga(sagas, *, key=None, due_since_seconds=1):
        placement = new_messages().place_order(key=key)
        saga = begin(definition, placement.message, sagas.now()).saga
        due = sagas.now() - timedelta(seconds=due_since_seconds)
        return placement, replace(saga, deadline_at=due)

    return new_saga


def wait_until_somebody_waits_for_a_lock(connection):
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    connection.execution_options(isolation_level="AUTOCOMMIT")  # each look is a new one
    polling = tenacity.Retrying(
        stop=tenacity.stop_after_delay(10),
        wait=tenacity.wait_fixed(0.01),
        retry=tenacity.retry_if_result(lambda count: not count),
    )
    polling(lambda: connection.execute(waiting).scalar_one())


def test_a_deadline_that_another_process_has_in_hand_is_skipped(engine, new_saga):
    with engine.begin() as connection:
        sagas = SqlSagas(connection, VERSIONS)
        sagas.add([new_saga(sagas) for _ in range(5)])

    with engine.begin() as one, engine.begin() as other:
        first = {message.correlation_id for message in SqlSagas(one, VERSIONS).due(3)}
        second = {message.correlation_id for message in SqlSagas(other, VERSIONS).due(5)}

    assert (len(first), len(second)) == (3, 2)
    assert first.isdisjoint(second)


def test_a_locked_saga_is_nobody_elses_until_the_commit(engine, new_saga):
    with engine.begin() as connection:
        sagas = SqlSagas(connection, VERSIONS)
        placement, saga = new_saga(sagas)
        sagas.add([(placement, saga)])
    touch = text("SELECT id FROM sagas FOR UPDATE NOWAIT")

    with engine.begin() as one:
        SqlSagas(one, VERSIONS).lock([saga.id])
        with (
            pytest.raises(OperationalError, match="could not obtain lock"),
            engine.begin() as other,
        ):
            other.execute(touch)

    with engine.begin() as other:
        assert other.execute(touch).scalar_one() == saga.id


def test_a_key_that_another_process_is_storing_is_waited_for_and_then_known(engine, new_saga):
    def add_in_another_process():
        with engine.begin() as other:
            sagas = SqlSagas(other, VERSIONS)
            return sagas.add([new_saga(sagas, key="key")]), sagas.placed(["key"])

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as one, engine.connect() as watcher:
            sagas = SqlSagas(one, VERSIONS)
            placement, saga = new_saga(sagas, key="key")
            sagas.add([(placement, saga)])
            waiting = pool.submit(add_in_another_process)
            wait_until_somebody_waits_for_a_lock(watcher)
        added, placed = waiting.result(timeout=60)

    assert added == set()
    assert placed == {"key": (saga, placement.digest)}


def test_batches_that_store_the_same_keys_in_another_order_do_not_deadlock(engine, new_saga):
    def add_in_another_process():
        with engine.begin() as other:
            sagas = SqlSagas(other, VERSIONS)
            return sagas.add([new_saga(sagas, key=key) for key in ("b", "a")])

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as one, engine.connect() as watcher:
            sagas = SqlSagas(one, VERSIONS)
            sagas.add([new_saga(sagas, key="a")])
            waiting = pool.submit(add_in_another_process)
            wait_until_somebody_waits_for_a_lock(watcher)
            assert len(sagas.add([new_saga(sagas, key="b")])) == 1

        assert waiting.result(timeout=60) == set()
