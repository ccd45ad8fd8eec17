"""Alembic migrations, configured by a service's `migrations` package alone."""

from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

LOCK: Final = 7_245_001
"""Key of the advisory lock that serializes replicas which migrate at the same time."""


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(package: str, database_url: str) -> None:
    """Migrate the database of `package` to the newest version, in one transaction."""
    config = _config(package)
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def run_migrations() -> None:
    """Run the migrations on the connection of `upgrade`; called by `migrations/env.py`."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection)
    context.run_migrations()


def missing(package: str, connection: Connection) -> str | None:
    """Return the newest migration if the database lacks it, else None."""
    head = ScriptDirectory.from_config(_config(package)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    return None if current == head else head
