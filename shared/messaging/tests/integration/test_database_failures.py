"""Trouble of every kind between a process and PostgreSQL, and that each heals by itself."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from messaging_testing.fakes import eventually
from messaging_testing.proxy import Proxy
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.failures import FEW_ATTEMPTS
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

pytestmark = pytest.mark.stack

RAISE = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON effects EXECUTE FUNCTION fail();
"""


def effect(connection) -> None:
    connection.execute(text("INSERT INTO effects (correlation_id) VALUES ('saga')"))


def count(connection) -> int:
    return connection.scalar(text("SELECT count(*) FROM effects"))


@pytest.fixture
def admin(database_url, database):
    """Execute a statement on the test's database, as its administrator."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def execute(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.exec_driver_sql(statement)

    yield execute
    engine.dispose()


@pytest.fixture
def proxy(database_url) -> Iterator[Proxy]:
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    with Proxy(folder) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(proxy, database, database_url, make_settings):
    """Make databases that are reached through the proxy."""
    made = []

    def make(**changes) -> Database:
        url = make_url(database_url).set(host="127.0.0.1", port=proxy.port, query={})
        settings = make_settings(
            database_url=url.render_as_string(hide_password=False),
            database_retry_max_seconds=0.1,
            **changes,
        )
        made.append(Database.connect(settings))
        return made[-1]

    yield make
    proxy.open.set()
    proxy.cut()
    for each in made:
        each.close()


def name_of(database_url: str) -> str:
    return make_url(database_url).database or ""


async def test_a_database_that_becomes_read_only_is_unavailable_and_heals(
    database, database_url, admin
):
    await database.transaction(effect)
    admin(f"ALTER DATABASE {name_of(database_url)} SET default_transaction_read_only = on")
    admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for work in (effect, count):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            await database.transaction(work, give_up_after_seconds=1)
    waits = asyncio.create_task(database.transaction(effect))
    await asyncio.sleep(0.2)
    assert not waits.done()
    admin(f"ALTER DATABASE {name_of(database_url)} SET default_transaction_read_only = off")
    await asyncio.wait_for(waits, 60)
    assert await database.transaction(count) == 2


async def test_a_session_that_became_read_only_is_thrown_away(database):
    """A server that is demoted under open sessions refuses them one by one."""

    def pid(connection) -> int:
        return connection.scalar(text("SELECT pg_backend_pid()"))

    tries = []

    def write(connection):
        tries.append(pid(connection))
        if len(tries) == 1:
            connection.execute(text("SET TRANSACTION READ ONLY"))
        effect(connection)

    await database.transaction(write)
    assert len(set(tries)) == 2


async def test_a_session_that_is_read_only_from_its_start_is_not_read_from(database):
    with database.engine.begin() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
    assert await asyncio.wait_for(database.transaction(count), 60) == 0
    await database.transaction(effect)


@pytest.mark.parametrize(
    "code",
    "53100 53200 53300 57014 57P01 57P03 40001 40P01 55P03 58030 25006 25P03 08006".split(),
)
async def test_a_transient_failure_is_retried_until_it_is_over(database, admin, code):
    """Full disk, memory, connections, time-outs, shutdown, conflicts, I/O errors, demotion."""
    admin(RAISE.format(code=code))
    with pytest.raises(DatabaseUnavailable, match="trouble"):
        await database.transaction(effect, give_up_after_seconds=1)
    waits = asyncio.create_task(database.transaction(effect))
    await asyncio.sleep(0.2)
    assert not waits.done()
    admin("DROP TRIGGER fail ON effects")
    await asyncio.wait_for(waits, 60)
    assert await database.transaction(count) == 1


@pytest.mark.parametrize(
    ("code", "attempts"), [("54000", 1), ("42P01", 1), ("XX000", FEW_ATTEMPTS)]
)
async def test_a_failure_that_no_retry_cures_is_raised(database, admin, code, attempts):
    admin(RAISE.format(code=code))
    tries = []

    def work(connection):
        tries.append(1)
        effect(connection)

    with pytest.raises(DBAPIError, match="trouble"):
        await asyncio.wait_for(database.transaction(work), 60)
    assert len(tries) == attempts


async def test_too_many_connections_are_waited_for(database, database_url, make_settings, admin):
    role = f"few_{name_of(database_url)[-12:]}"
    admin(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    url = make_url(database_url).set(username=role).render_as_string(hide_password=False)
    limited = Database.connect(make_settings(database_url=url, database_retry_max_seconds=0.1))
    try:
        with pytest.raises(DatabaseUnavailable, match="too many connections"):
            await limited.transaction(lambda c: c.scalar(text("SELECT 1")), give_up_after_seconds=1)
        waits = asyncio.create_task(limited.transaction(lambda c: c.scalar(text("SELECT 1"))))
        admin(f"ALTER ROLE {role} CONNECTION LIMIT 2")
        assert await asyncio.wait_for(waits, 60) == 1
    finally:
        limited.close()
        admin(f"DROP ROLE {role}")


async def test_connections_that_are_cut_are_replaced(proxy, behind_proxy):
    database = behind_proxy()
    await asyncio.gather(*(database.transaction(effect) for _ in range(4)))
    proxy.cut()
    await asyncio.wait_for(database.transaction(effect), 60)
    assert await database.transaction(count) == 5


async def test_connections_that_fall_silent_are_closed_and_replaced(proxy, behind_proxy):
    """The other end acknowledges every byte and never responds, so TCP notices nothing."""
    database = behind_proxy(database_statement_timeout_ms=500, database_silence_ms=1_000)
    await asyncio.gather(*(database.transaction(effect) for _ in range(4)))
    proxy.freeze()
    hung = [asyncio.create_task(database.transaction(effect)) for _ in range(4)]
    with pytest.raises(DatabaseUnavailable, match="in time"):
        await database.transaction(count, give_up_after_seconds=0.2)
    proxy.thaw_new()
    await asyncio.wait_for(asyncio.gather(*hung), 60)
    assert await database.transaction(count) == 8


async def test_a_slow_response_within_the_statement_timeout_is_waited_for(proxy, behind_proxy):
    database = behind_proxy(database_statement_timeout_ms=3_000, database_silence_ms=1)
    tries = []

    def sleep(connection):
        tries.append(1)
        connection.execute(text("SELECT pg_sleep(1.5)"))

    await asyncio.wait_for(database.transaction(sleep), 60)
    assert tries == [1]


async def test_a_commit_whose_response_is_lost_on_the_wire_runs_the_work_again(proxy, behind_proxy):
    """PostgreSQL committed, the process cannot know: the work itself must be repeatable."""
    database = behind_proxy()
    await database.transaction(count)
    proxy.commits_to_lose = proxy.commits_lost + 1
    await asyncio.wait_for(database.transaction(effect), 60)
    assert await database.transaction(count) == 2


async def test_a_process_that_is_suspended_in_a_transaction_releases_its_locks(
    database_url, database, make_settings
):
    settings = make_settings(database_url=database_url, database_statement_timeout_ms=300)
    suspended = Database.connect(settings)
    await database.transaction(effect)
    tries = []

    def lock_and_sleep(connection):
        tries.append(1)
        connection.execute(text("SELECT 1 FROM effects FOR UPDATE"))
        if len(tries) == 1:
            time.sleep(1.5)
        effect(connection)

    await asyncio.wait_for(suspended.transaction(lock_and_sleep), 60)
    suspended.close()
    assert len(tries) == 2
    assert await database.transaction(count) == 2


async def test_a_transaction_that_is_retried_for_long_is_reported(
    database_url, database, admin, make_settings
):
    admin(RAISE.format(code="53100"))
    settings = make_settings(
        database_url=database_url, database_retry_max_seconds=0.1, database_stalled_seconds=0.3
    )
    retrying = Database.connect(settings)
    waits = asyncio.create_task(retrying.transaction(effect))
    await asyncio.sleep(0.1)
    assert retrying.stalled() is None
    await eventually(lambda: "trouble" in (retrying.stalled() or ""))
    admin("DROP TRIGGER fail ON effects")
    await asyncio.wait_for(waits, 60)
    assert retrying.stalled() is None
    retrying.close()


def test_the_proxy_loses_what_psycopg2_sends(proxy, database, database_url):
    """The tests above depend on the bytes of a commit."""
    proxy.commits_to_lose = 1
    connection = psycopg2.connect(
        host="127.0.0.1", port=proxy.port, user="postgres", dbname=name_of(database_url)
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effects (correlation_id) VALUES ('saga')")
    with pytest.raises(psycopg2.OperationalError):
        connection.commit()
    assert proxy.commits_lost == 1
