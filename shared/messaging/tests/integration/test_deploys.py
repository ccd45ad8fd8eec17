"""A newer release migrates and starts while an older process works, and is rolled back."""

import threading
import time

import pytest
from messaging_testing.messages import command
from messaging_testing.releases import CONTRACT, EXPAND, later_release
from saga_messaging.errors import MigrationRefused
from saga_messaging.postgres import migrations
from saga_messaging.settings import MigrationSettings
from saga_stack.errors import ChildFailedError
from saga_stack.processes.waiting import wait_while
from sqlalchemy import text

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def newer(tmp_path) -> str:
    """The next release, which only adds."""
    return later_release(tmp_path, EXPAND)


@pytest.fixture
def contracted(tmp_path) -> str:
    """The release after the next, which removes what only this one's successor can do without."""
    return later_release(tmp_path, EXPAND | CONTRACT, oldest_code="0003")


class Traffic:
    """Sends messages, and remembers what was sent."""

    def __init__(self, system) -> None:
        self.system, self.ids = system, set()

    def send(self, count: int = 200) -> None:
        messages = [command(f"saga-{number % 50}") for number in range(count)]
        self.ids |= {message.message_id for message in messages}
        self.system.send(messages)

    def await_handled(self) -> None:
        self.system.await_rest(len(self.ids))


def test_old_and_new_processes_work_side_by_side_and_a_rollback_passes(system, newer):
    traffic = Traffic(system)
    old = system.start()
    old.await_ready()
    traffic.send()
    system.run_migrate(pythonpath=newer)
    traffic.send()
    traffic.await_handled()
    status, body = old.get()
    assert (status, body["database"]) == (200, "ok")

    new = system.start(pythonpath=newer)
    new.await_ready()
    traffic.send()
    old.stop()
    traffic.send()
    traffic.await_handled()

    system.run_migrate()
    rolled_back = system.start()
    rolled_back.await_ready()
    traffic.send()
    new.stop()
    traffic.await_handled()
    system.check_exactly_once(traffic.ids)


def test_a_release_that_removes_something_stops_only_code_that_needs_it(system, newer, contracted):
    old = system.start()
    old.await_ready()
    system.run_migrate(pythonpath=newer)
    next_one = system.start(pythonpath=newer)
    system.run_migrate(pythonpath=contracted)
    reason = "migration 0004 removed what this release needs: run a release that has migration 0003"

    def still_ready() -> str | None:
        status, body = old.get()
        return None if (status, body.get("database")) == (503, reason) else f"{status} {body}"

    wait_while(still_ready, 60)
    next_one.await_ready()
    with pytest.raises(ChildFailedError, match=f"database not migrated: {reason}"):
        system.run_migrate()
    system.run_migrate(pythonpath=newer)


def test_replicas_that_migrate_at_once_create_an_index_concurrently(system, newer):
    system.run_migrate(pythonpath=newer, processes=3)
    assert system.rows(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'effects_note'::regclass"
    ) == [(True,)]


def test_an_index_that_an_earlier_attempt_left_invalid_is_created_again(system, newer):
    with system.engine.begin() as connection:
        connection.execute(text("CREATE INDEX effects_note ON effects (correlation_id)"))
        connection.execute(
            text(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'effects_note'::regclass"
            )
        )
    system.run_migrate(pythonpath=newer)
    assert system.rows(
        "SELECT indisvalid, pg_get_indexdef(indexrelid) LIKE '%(note)' FROM pg_index"
        " WHERE indexrelid = 'effects_note'::regclass"
    ) == [(True, True)]


class LongTransaction:
    """A transaction that has read a table and stays open, such as of a report."""

    def __init__(self, system) -> None:
        self._connection = system.engine.connect()
        self._connection.execute(text("SELECT count(*) FROM effects"))

    def end(self) -> None:
        self._connection.close()


def test_a_migration_that_waits_for_a_table_lets_others_pass(system, newer):
    """Without a lock time-out, every insert would wait behind the migration."""
    report, slowest = LongTransaction(system), 0.0
    options = {"pythonpath": newer, "migration_lock_timeout_ms": "500"}
    migrate = threading.Thread(target=system.run_migrate, kwargs=options)
    migrate.start()
    end = time.monotonic() + 6
    while time.monotonic() < end:
        started = time.monotonic()
        with system.engine.begin() as connection:
            connection.execute(text("INSERT INTO effects (correlation_id) VALUES ('live')"))
        slowest = max(slowest, time.monotonic() - started)
    assert migrate.is_alive()
    report.end()
    migrate.join(60)
    assert slowest < 5
    assert system.number("SELECT count(*) FROM effects WHERE note = ''") > 0


def test_a_migration_ends_with_a_reason_if_the_table_stays_in_use(system, newer):
    report = LongTransaction(system)
    limits = {"migration_lock_timeout_ms": "100", "migration_lock_attempts": "2"}
    with pytest.raises(ChildFailedError, match="a table stayed in use for 2 attempts of 100 ms"):
        system.run_migrate(pythonpath=newer, **limits)
    report.end()


def test_the_database_of_another_service_is_refused(system):
    with system.engine.begin() as connection:
        connection.execute(text("UPDATE migration_history SET package = 'payment_service'"))
    with pytest.raises(MigrationRefused, match="belongs to payment_service: check DATABASE_URL"):
        migrations.upgrade("messaging_testing", system.database_url)


def test_a_migration_that_no_release_recorded_is_refused(system):
    with system.engine.begin() as connection:
        connection.execute(text("DROP TABLE migration_history"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'unknown'"))
    with pytest.raises(MigrationRefused, match="migration unknown, which this release does not"):
        migrations.upgrade("messaging_testing", system.database_url)


def test_waiting_for_another_migration_is_bounded(system):
    with system.engine.begin() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({migrations.LOCK})"))
        with pytest.raises(MigrationRefused, match="MIGRATION_WAIT_SECONDS"):
            migrations.upgrade(
                "messaging_testing",
                system.database_url,
                MigrationSettings(migration_wait_seconds=0.1),
            )
