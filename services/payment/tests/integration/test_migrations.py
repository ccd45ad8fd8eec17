from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from payment_service.orm import metadata
from saga_messaging import migrations


def test_the_migrations_make_what_the_tables_declare(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_lacks_nothing(database):
    with database.engine.connect() as connection:
        assert migrations.missing("payment_service", connection) is None
