import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from saga_messaging.postgres import migrations
from saga_messaging.postgres.migration_history import is_of_a_service
from sqlalchemy import create_engine
from user_service.orm import metadata


@pytest.fixture
def engine(database_url):
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_the_migrated_tables_equal_the_declared_tables(database_url, engine):
    migrations.upgrade("user_service", database_url)

    with engine.connect() as connection:
        opts = {"compare_server_default": True, "include_name": is_of_a_service}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_a_missing_migration_is_reported(database_url, engine):
    with engine.connect() as connection:
        assert migrations.missing("user_service", connection) == "0004"

    migrations.upgrade("user_service", database_url)
    migrations.upgrade("user_service", database_url)

    with engine.connect() as connection:
        assert migrations.missing("user_service", connection) is None
