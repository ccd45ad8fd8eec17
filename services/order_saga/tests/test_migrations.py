from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from order_saga.orm import metadata
from saga_messaging import migrations
from sqlalchemy import create_engine


def test_the_migrations_make_the_tables_that_the_code_declares(database_url):
    migrations.upgrade("order_saga", database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert migrations.missing("order_saga", connection) is None
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_again_changes_nothing(database_url):
    migrations.upgrade("order_saga", database_url)
    migrations.upgrade("order_saga", database_url)
