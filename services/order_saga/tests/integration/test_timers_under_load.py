"""Thousands of deadlines and several orchestrators: each fires once, and none is forgotten."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import tenacity
from order_saga.runtime.repository import SqlSagas
from saga_testing.messages import begin
from saga_testing.versions import VERSIONS
from sqlalchemy import text

pytestmark = pytest.mark.slow

SAGAS = 2_000
DUE_OVER_SECONDS = 3
PATIENCE_SECONDS = 60
TESTS = Path(__file__).parents[1]

until = tenacity.Retrying(
    stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
    wait=tenacity.wait_fixed(0.02),
    retry=tenacity.retry_if_result(lambda reached: not reached),
)


class Replica:
    """A process that fires deadlines, over connections of its own."""

    def __init__(self, url, folder):
        environment = os.environ | {
            "DATABASE_URL": url,
            "PYTHONPATH": str(TESTS),
            "TIMER_GRACE_SECONDS": "0.001",
            "TIMER_POLL_SECONDS": "0.02",
        }
        folder.mkdir()
        self._said, self._log = folder / "said", folder / "log"
        with self._said.open("wb") as said, self._log.open("wb") as log:
            command = [sys.executable, "-m", "saga_testing.timers"]
            self.process = subprocess.Popen(command, env=environment, stdout=said, stderr=log)

    @property
    def looks(self):
        return "\n" in self._said.read_text()

    @property
    def fired(self):
        """How many it had fired when it last said so."""
        whole_lines = self._said.read_text().split("\n")[:-1]
        return int(whole_lines[-1]) if whole_lines else 0

    @property
    def log(self):
        return self._log.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def three(empty_url, tmp_path):
    """Three replicas that look for deadlines already."""
    replicas = [Replica(empty_url, tmp_path / f"replica-{number}") for number in range(3)]
    try:
        until(lambda: all(replica.looks for replica in replicas))
        yield replicas
    finally:
        for replica in replicas:
            replica.kill()


@pytest.fixture
def due_orders(orders, definition, new_messages):
    """The ids of new orders whose deadlines pass one after the other, from now on."""
    with orders.database.engine.begin() as connection:
        sagas = SqlSagas(connection, VERSIONS)
        now, pause = sagas.now(), timedelta(seconds=DUE_OVER_SECONDS) / SAGAS

        def new(number):
            placement = new_messages().place_order()
            saga = begin(definition, placement.message, now).saga
            return placement, replace(saga, deadline_at=now + number * pause)

        return set(sagas.add([new(number) for number in range(SAGAS)]))


@pytest.fixture
def rows(orders):
    def rows(query):
        with orders.database.engine.begin() as connection:
            return list(connection.scalars(text(query)))

    return rows


def assert_each_fired_once(rows, orders):
    lines = rows("SELECT correlation_id FROM inbox WHERE type = 'deadline_passed'")
    rejected = rows("SELECT correlation_id FROM outbox WHERE type = 'order.rejected'")
    assert len(lines) == len(rejected) == len(orders) == SAGAS
    assert set(lines) == set(rejected) == orders
    assert rows("SELECT DISTINCT state FROM sagas") == ["rejected"]


def none_left(rows):
    return rows("SELECT count(*) FROM sagas WHERE deadline_at IS NOT NULL") == [0]


def test_three_replicas_fire_each_deadline_once_and_never_try_one_twice(three, due_orders, rows):
    until(lambda: none_left(rows))
    until(lambda: sum(replica.fired for replica in three) >= SAGAS)

    assert sum(replica.fired for replica in three) == SAGAS
    assert_each_fired_once(rows, due_orders)
    assert [replica.log for replica in three if "database_retry" in replica.log] == []


def test_what_a_replica_had_in_hand_when_it_was_killed_is_fired_by_another(three, due_orders, rows):
    until(lambda: three[0].fired)
    three[0].kill()

    until(lambda: none_left(rows))

    assert_each_fired_once(rows, due_orders)
