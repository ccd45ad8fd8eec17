from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest
from saga_stack.postgres.server import EmbeddedPostgres
from sqlalchemy import create_engine, make_url, text

# These tests stop and kill the shared servers, so one worker runs them all.
pytestmark = pytest.mark.stack


def execute(dsn: str, statement: str) -> list[tuple]:
    engine = create_engine(dsn)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


@pytest.fixture
def database(postgres: EmbeddedPostgres):
    name = f"test-{uuid4().hex[:8]}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_committed_data_survives(postgres, database, end):
    execute(database, "CREATE TABLE kept (n int)")
    execute(database, "INSERT INTO kept VALUES (1)")
    getattr(postgres, end)()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(database.replace("+psycopg2", ""))
    postgres.start()
    assert execute(database, "SELECT n FROM kept") == [(1,)]


def test_a_stop_does_not_wait_for_open_connections(postgres, database):
    with closing(psycopg2.connect(database.replace("+psycopg2", ""))) as connection:
        postgres.stop()
        with pytest.raises(psycopg2.OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    postgres.start()
    assert execute(database, "SELECT 1") == [(1,)]


def test_creating_an_existing_database_keeps_its_data(postgres, database):
    execute(database, "CREATE TABLE kept (n int)")
    name = make_url(database).database
    assert postgres.create_database(name) == database
    assert execute(database, "SELECT count(*) FROM kept") == [(0,)]


def test_a_database_from_a_template_has_its_tables(postgres):
    template, copy = f"template-{uuid4().hex[:8]}", f"copy-{uuid4().hex[:8]}"
    execute(postgres.create_database(template), "CREATE TABLE from_template (n int)")
    assert execute(postgres.create_database(copy, template), "TABLE from_template") == []
    for name in (copy, template):
        postgres.drop_database(name)


def test_a_database_with_open_connections_is_dropped(postgres):
    name = f"dropped-{uuid4().hex[:8]}"
    dsn = postgres.create_database(name)
    with closing(psycopg2.connect(dsn.replace("+psycopg2", ""))):
        postgres.drop_database(name)
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(dsn.replace("+psycopg2", ""))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on")],
)
def test_durability_settings_stay_on(postgres, database, setting, value):
    assert execute(database, f"SHOW {setting}") == [(value,)]


def test_it_listens_on_no_tcp_address_and_allows_many_connections(postgres, database):
    assert execute(database, "SHOW listen_addresses") == [("",)]
    assert execute(database, "SHOW max_connections") == [("200",)]
