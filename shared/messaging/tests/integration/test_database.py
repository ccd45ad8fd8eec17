"""Transactions on PostgreSQL: atomic, and retried after transient errors."""

import asyncio
import contextlib
import functools
import threading

import psycopg2
import psycopg2.errors
import pytest
import tenacity
from messaging_testing.fakes import eventually
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.failures import FEW_ATTEMPTS, is_transient, is_unique_violation
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

pytestmark = pytest.mark.stack


def effect(connection, saga_id="saga"):
    connection.execute(text("INSERT INTO effects (correlation_id) VALUES (:id)"), {"id": saga_id})


def count(connection) -> int:
    return connection.scalar(text("SELECT count(*) FROM effects"))


async def kill_sessions(admin: Database) -> None:
    """Close every other session, as an administrator or a restart does."""
    query = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    await admin.transaction(lambda connection: connection.execute(text(query)).all())


@pytest.fixture
def second_database(database_url, make_settings):
    database = Database.connect(make_settings(database_url=database_url))
    yield database
    database.close()


async def test_a_transaction_is_committed_when_it_returns(database, second_database):
    await database.transaction(effect)
    assert await second_database.transaction(count) == 1


async def test_an_error_of_the_work_is_raised_and_nothing_is_committed(database):
    def fail(connection):
        effect(connection)
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        await database.transaction(fail)
    assert await database.transaction(count) == 0


async def test_idle_sessions_that_the_server_closes_are_replaced(database, second_database):
    await asyncio.gather(*(database.transaction(count) for _ in range(4)))
    await kill_sessions(second_database)
    for _ in range(4):
        await database.transaction(effect)
    assert await database.transaction(count) == 4


async def test_a_transaction_whose_session_is_closed_is_retried(database, second_database):
    begun, go_on, tries = threading.Event(), threading.Event(), []

    def work(connection):
        tries.append(1)
        effect(connection)
        begun.set()
        go_on.wait(10)

    task = asyncio.create_task(database.transaction(work))
    await asyncio.to_thread(begun.wait, 10)
    await kill_sessions(second_database)
    go_on.set()
    await asyncio.wait_for(task, 10)
    assert len(tries) == 2
    assert await database.transaction(count) == 1


async def test_a_commit_whose_response_is_lost_is_retried(database, monkeypatch):
    """The work runs twice, and must detect that itself, as the inbox does."""
    run, tries = database._run, []

    def lose_the_response(work):
        result = run(work)
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("COMMIT", {}, psycopg2.OperationalError("connection lost"))
        return result

    monkeypatch.setattr(database, "_run", lose_the_response)
    await database.transaction(effect)
    assert await database.transaction(count) == 2


async def test_two_transactions_that_insert_the_same_key_both_succeed(database):
    await database.transaction(
        lambda connection: connection.execute(text("CREATE UNIQUE INDEX ON effects (message_id)"))
    )
    together = threading.Barrier(2, timeout=10)
    query = "SELECT count(*) FROM effects WHERE message_id = :id"
    add = "INSERT INTO effects (message_id) VALUES (:id)"
    key = {"id": "00000000-0000-0000-0000-000000000001"}
    tries = []

    def add_if_missing(connection):
        tries.append(1)
        known = connection.scalar(text(query), key)
        if len(tries) <= 2:
            together.wait()
        if not known:
            connection.execute(text(add), key)

    await asyncio.gather(*(database.transaction(add_if_missing) for _ in range(2)))
    assert await database.transaction(count) == 1
    assert len(tries) == 3


async def test_a_key_that_always_conflicts_is_raised_after_the_last_attempt(database):
    tries = []

    def conflict(connection):
        tries.append(1)
        for _ in range(2):
            row = "INSERT INTO inbox VALUES (:id, '', '', '', '{}')"
            connection.execute(text(row), {"id": "00000000-0000-0000-0000-000000000001"})

    with pytest.raises(IntegrityError):
        await database.transaction(conflict)
    assert len(tries) == FEW_ATTEMPTS


async def test_deadlocked_transactions_are_retried(database):
    await database.transaction(lambda connection: [effect(connection, id_) for id_ in "ab"])
    together, tries = threading.Barrier(2, timeout=10), []
    lock = text("SELECT 1 FROM effects WHERE correlation_id = :id FOR UPDATE")

    def lock_both(connection, order):
        tries.append(1)
        connection.execute(lock, {"id": order[0]})
        if len(tries) <= 2:
            together.wait()
        connection.execute(lock, {"id": order[1]})

    both = (
        database.transaction(functools.partial(lock_both, order=order)) for order in ("ab", "ba")
    )
    await asyncio.wait_for(asyncio.gather(*both), 20)
    assert len(tries) == 3


async def test_an_unavailable_database_is_raised_within_the_time_limit(make_settings):
    database = Database.connect(make_settings())
    database._wait = tenacity.wait_fixed(60)
    with pytest.raises(
        DatabaseUnavailable, match=r"PostgreSQL did not respond: .*refused"
    ) as caught:
        await database.transaction(count, give_up_after_seconds=30)
    assert "sqlalche.me" not in str(caught.value)
    database.close()


async def test_a_hanging_database_is_raised_within_the_time_limit(database):
    hung = threading.Event()
    with pytest.raises(DatabaseUnavailable, match="in time"):
        await database.transaction(lambda _: hung.wait(20), give_up_after_seconds=0.05)
    hung.set()


async def test_without_a_time_limit_a_transaction_waits_and_can_be_cancelled(make_settings):
    database = Database.connect(make_settings(database_retry_max_seconds=0.01))
    tries = []
    run = database._run
    database._run = lambda work: (tries.append(1), run(work))[1]
    task = asyncio.create_task(database.transaction(count))
    await eventually(lambda: len(tries) > 5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    database.close()


async def test_errors_contain_no_parameters(database):
    query = text("SELECT 1 / 0 WHERE :x = 'y' OR true")
    with pytest.raises(DataError) as caught:
        await database.transaction(lambda connection: connection.execute(query, {"x": "secret"}))
    assert "secret" not in str(caught.value)


async def test_a_slow_statement_exceeds_the_statement_timeout(database_url, make_settings):
    settings = make_settings(database_url=database_url, database_statement_timeout_ms=20)
    database = Database.connect(settings)
    database._wait = tenacity.wait_fixed(60)
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        await database.transaction(
            lambda connection: connection.execute(text("SELECT pg_sleep(60)")),
            give_up_after_seconds=30,
        )
    database.close()


async def test_an_unresponsive_connection_is_closed(database_url, make_settings, monkeypatch):
    given = {}
    monkeypatch.setattr(psycopg2, "connect", lambda *_, **options: given.update(options))
    database = Database.connect(make_settings(database_silence_ms=7_000))
    with contextlib.suppress(Exception):
        database.engine.connect()
    assert (given["tcp_user_timeout"], given["keepalives_idle"]) == (7_000, 3)
    assert (given["keepalives_interval"], given["keepalives_count"]) == (1, 3)
    database.close()


def test_transient_errors_are_distinguished_from_bugs():
    def wrap(kind, cause):
        return kind("statement", {}, cause)

    assert is_transient(wrap(OperationalError, psycopg2.errors.AdminShutdown()))
    assert not is_transient(wrap(ProgrammingError, psycopg2.errors.UndefinedTable()))
    assert not is_transient(ValueError())
    assert not is_unique_violation(wrap(IntegrityError, psycopg2.errors.NotNullViolation()))


@pytest.mark.parametrize(("set_to", "used"), [("off", "on"), ("remote_write", "remote_write")])
async def test_a_commit_is_durable_whatever_the_database_sets(
    database_url, make_settings, set_to, used
):
    url = make_url(database_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} SET synchronous_commit = {set_to}"))
    database = Database.connect(make_settings(database_url=database_url))
    query = text("SELECT current_setting('synchronous_commit')")
    assert await database.transaction(lambda c: c.scalar(query)) == used
    database.close()
