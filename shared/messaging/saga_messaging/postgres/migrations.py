"""Alembic migrations, configured by a service's `migrations` package alone.

Each migration commits on its own, under a lock time-out: see `docs/adr/0022-migrations.md`.
"""

import functools
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import structlog
import tenacity
from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from saga_messaging.errors import MigrationRefused
from saga_messaging.postgres import migration_history as history
from saga_messaging.postgres.encoding import encoding_problem
from saga_messaging.postgres.failures import LOCK_NOT_AVAILABLE, sqlstate
from saga_messaging.settings import MigrationSettings

LOCK: Final = 7_245_001
"""Key of the advisory lock that serializes replicas which migrate at the same time."""
LOCK_POLL_SECONDS: Final = 0.5

logger = structlog.get_logger(__name__)


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.set_main_option("path_separator", "os")
    return config


def upgrade(package: str, database_url: str, settings: MigrationSettings | None = None) -> None:
    """Migrate the database of `package` to this release's newest version.

    Do nothing if a newer release has migrated it further, so that a roll back passes.

    Raises:
        MigrationRefused: Another process migrates for too long, a table stays in use, the database
            belongs to another service or is not encoded in UTF-8, or a newer release removed what
            this one needs.
    """
    settings = settings or MigrationSettings()
    config = _config(package)
    engine = create_engine(database_url, poolclass=NullPool)
    limit = functools.partial(_limit_lock_waits, timeout_ms=settings.migration_lock_timeout_ms)
    event.listen(engine, "begin", limit)
    try:
        with _alone(engine, settings.migration_wait_seconds), engine.connect() as connection:
            if refusal := encoding_problem(connection):
                raise MigrationRefused(refusal)
            if _is_newer(package, connection):
                logger.warning("database_is_newer", cure="none needed: migrations only add")
                return
            connection.commit()  # Alembic begins a transaction for each migration
            config.attributes["connection"] = connection
            _retry_locks(config, settings)
            _record_all(package, connection)
    finally:
        engine.dispose()


def run_migrations() -> None:
    """Run the migrations on the connection of `upgrade`; called by `migrations/env.py`."""
    connection: Connection | None = context.config.attributes.get("connection")
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def missing(package: str, connection: Connection) -> str | None:
    """Return this release's newest migration if the database lacks it, else None."""
    head = _script(package).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head or any(each.revision == head for each in history.applied(connection)):
        return None
    return head


def problem(package: str, connection: Connection) -> str | None:
    """Return why this release cannot work with the database, with the cure, or None.

    Migrations of newer releases are none: they only add, unless they name the oldest code that
    they work with.
    """
    if refusal := encoding_problem(connection):
        return refusal
    if lacking := missing(package, connection):
        return f"migration {lacking} is missing: run `python -m {package} migrate`"
    known = {script.revision for script in _script(package).walk_revisions()}
    for each in history.applied(connection):
        if each.oldest_code and each.oldest_code not in known:
            return (
                f"migration {each.revision} removed what this release needs:"
                f" run a release that has migration {each.oldest_code}"
            )
    return None


def _script(package: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(package))


def _is_newer(package: str, connection: Connection) -> bool:
    """Return True if a newer release has migrated the database, and this one works with it.

    Raises:
        MigrationRefused: This release does not work with it.
    """
    owner = history.owner(connection)
    if owner and owner != package:
        raise MigrationRefused(f"the database belongs to {owner}: check DATABASE_URL")
    script = _script(package)
    current = MigrationContext.configure(connection).get_current_revision()
    known = {each.revision for each in script.walk_revisions()}
    if current is None or current in known:
        return False
    if script.get_current_head() not in {each.revision for each in history.applied(connection)}:
        raise MigrationRefused(
            f"the database has migration {current}, which this release does not have: check"
            " DATABASE_URL, or run the release that has it"
        )
    if refusal := problem(package, connection):
        raise MigrationRefused(refusal)
    return True


@contextmanager
def _alone(engine: Engine, wait_seconds: float) -> Generator[None]:
    """Wait until no other process migrates, and keep others waiting.

    The lock is of a transaction, and held on a connection of its own: a pooler keeps no lock of a
    session. It is polled for: a process that waits inside PostgreSQL would keep an index from being
    created concurrently, which waits for every older transaction of the database.
    """
    deadline = time.monotonic() + wait_seconds
    with engine.connect() as connection:
        while not _locked(connection):
            connection.rollback()
            if time.monotonic() > deadline:
                raise MigrationRefused(
                    f"another process has been migrating for MIGRATION_WAIT_SECONDS"
                    f" ({wait_seconds:g})"
                )
            time.sleep(LOCK_POLL_SECONDS)
        yield


def _locked(connection: Connection) -> bool:
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    query = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.scalar(query, {"key": LOCK}))


def _limit_lock_waits(connection: Connection, timeout_ms: int) -> None:
    """Let no statement wait for a lock for long: all who need the table would wait behind it.

    No effect outside of a transaction, such as on an index that is created concurrently.
    """
    query = text("SELECT set_config('lock_timeout', :timeout, true)")
    connection.execute(query, {"timeout": str(timeout_ms)})


def _retry_locks(config: Config, settings: MigrationSettings) -> None:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: sqlstate(e) == LOCK_NOT_AVAILABLE),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=10),
        stop=tenacity.stop_after_attempt(settings.migration_lock_attempts),
        before_sleep=lambda state: logger.warning(
            "migration_waits_for_lock", attempt=state.attempt_number
        ),
    )
    try:
        retrying(command.upgrade, config, "head")
    except tenacity.RetryError as error:
        raise MigrationRefused(
            f"a table stayed in use for {settings.migration_lock_attempts} attempts of"
            f" {settings.migration_lock_timeout_ms} ms: end long transactions, and migrate again"
        ) from error


def _record_all(package: str, connection: Connection) -> None:
    """Record every migration of this release, also those that releases without a record applied."""
    scripts = _script(package).walk_revisions()
    oldest = {each.revision: getattr(each.module, "oldest_code", None) for each in scripts}
    history.record(connection, package, oldest)
    connection.commit()
