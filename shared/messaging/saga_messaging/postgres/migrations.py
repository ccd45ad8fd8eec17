"""Alembic without files of configuration: a service's `migrations` package is all it needs."""

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

LOCK = 7_245_001  # of pg_advisory_xact_lock: replicas that migrate at once take turns


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(package: str, database_url: str) -> None:
    """Bring the database of `package` to the newest migration; all of it commits, or nothing."""
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
    """What each service's `migrations/env.py` calls; the connection comes from `upgrade`."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection)
    context.run_migrations()


def missing(package: str, connection: Connection) -> str | None:
    """The newest migration, where the database does not stand at it; None where it does."""
    head = ScriptDirectory.from_config(_config(package)).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    return None if current == head else head
