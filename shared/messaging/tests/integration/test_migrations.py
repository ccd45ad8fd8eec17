"""Migrations of a service's database, and the messaging tables that they create."""

import pytest
from messaging_testing.service import messaging
from saga_messaging.postgres import migrations
from sqlalchemy import create_engine, inspect

pytestmark = pytest.mark.stack


@pytest.fixture
def database_url(make_database_url):
    """A new database without any table."""
    return make_database_url()


def test_migrations_are_repeatable_and_a_missing_one_is_reported(database_url):
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrations.missing("messaging_testing", connection) == "0001"
    for _ in range(2):
        migrations.upgrade("messaging_testing", database_url)
    with engine.connect() as connection:
        assert migrations.missing("messaging_testing", connection) is None
    engine.dispose()


def test_the_migrated_tables_equal_the_declared_tables(database_url):
    from_ddl, from_code = tables_of(database_url, migrate=True), tables_of(database_url)
    assert from_ddl == from_code


def tables_of(database_url: str, *, migrate: bool = False) -> dict[str, object]:
    """Columns, keys and indexes of inbox and outbox, made by the DDL or from the declarations."""
    engine = create_engine(database_url)
    if migrate:
        migrations.upgrade("messaging_testing", database_url)
    else:
        metadata = messaging.inbox.metadata
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
        for name in ("inbox", "outbox")
    }  # fmt: skip
    engine.dispose()
    return found
