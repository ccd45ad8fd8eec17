"""Migrations of a service's database, and the messaging tables that they create."""

from uuid import uuid4

import pytest
from messaging_testing.service import metadata
from saga_messaging.errors import MigrationRefused
from saga_messaging.postgres import migrations
from saga_messaging.postgres.database import Database
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

pytestmark = pytest.mark.stack


def test_migrations_are_repeatable_and_a_missing_one_is_reported(database_url):
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrations.missing("messaging_testing", connection) == "0001"
    for _ in range(2):
        migrations.upgrade("messaging_testing", database_url)
    with engine.connect() as connection:
        assert migrations.missing("messaging_testing", connection) is None
    engine.dispose()


@pytest.fixture
def execute(database_url):
    """Execute a statement on the server, outside of a transaction."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    return run


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_every_text_is_refused(database_url, execute, encoding):
    name = f"e{uuid4().hex}"
    execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    url = make_url(database_url).set(database=name).render_as_string(hide_password=False)
    try:
        with pytest.raises(MigrationRefused, match=f"encoded in {encoding}: create one with"):
            migrations.upgrade("messaging_testing", url)
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            problem = migrations.problem("messaging_testing", connection)
        assert problem
        assert encoding in problem
    finally:
        execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_session_uses_utf8_whatever_the_database_sets(
    database_url, execute, make_settings, monkeypatch
):
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    name = make_url(database_url).database
    execute(f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'")
    database = Database.connect(make_settings(database_url=database_url))
    query = text("SELECT CAST(:value AS text)")
    value = "crème 🍕"
    assert await database.transaction(lambda c: c.scalar(query, {"value": value})) == value
    database.close()


def test_the_migrated_tables_equal_the_declared_tables(database_url):
    from_ddl, from_code = tables_of(database_url, migrate=True), tables_of(database_url)
    assert from_ddl == from_code


def tables_of(database_url: str, *, migrate: bool = False) -> dict[str, object]:
    """Columns, keys and indexes of the tables, made by the DDL or from the declarations."""
    engine = create_engine(database_url)
    if migrate:
        migrations.upgrade("messaging_testing", database_url)
    else:
        metadata.drop_all(engine)
        metadata.create_all(engine)
    inspector = inspect(engine)
    found = {
        name: (
            [(each["name"], str(each["type"]), each["nullable"], each["default"])
             for each in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(str(each) for each in inspector.get_indexes(name)),
        )
        for name in ("inbox", "outbox", "retention_clock")
    }  # fmt: skip
    engine.dispose()
    return found
