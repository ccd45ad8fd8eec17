"""The migrations that were applied, so that code which lacks the newest can judge them.

Alembic keeps the newest only. The table is made by `migrate`, beside Alembic's own, and belongs to
no service's metadata.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

TABLE: Final = "migration_history"

_CREATE: Final = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    revision    text PRIMARY KEY,
    package     text NOT NULL,
    oldest_code text,
    applied_at  timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """A migration; `oldest_code` is the newest one of the oldest release that works with it."""

    revision: str
    package: str
    oldest_code: str | None


def is_of_a_service(name: str | None, kind: str, _: object) -> bool:
    """Return False for this table: Alembic's filter `include_name`, to compare a service's own."""
    return not (kind == "table" and name == TABLE)


def applied(connection: Connection) -> Sequence[AppliedMigration]:
    """Return the recorded migrations, in no order; none if no release has recorded any."""
    if connection.scalar(text("SELECT to_regclass(:table)"), {"table": TABLE}) is None:
        return []
    rows = connection.execute(text(f"SELECT revision, package, oldest_code FROM {TABLE}"))  # noqa: S608
    return [AppliedMigration(row.revision, row.package, row.oldest_code) for row in rows]


def owner(connection: Connection) -> str | None:
    """Return the package whose migrations the database has; None if none are recorded."""
    return next((each.package for each in applied(connection)), None)


def record(connection: Connection, package: str, oldest_code: Mapping[str, str | None]) -> None:
    """Record migrations that have been applied, each with its `oldest_code`."""
    connection.execute(text(_CREATE))
    statement = text(
        f"INSERT INTO {TABLE} (revision, package, oldest_code)"  # noqa: S608 - a constant
        " VALUES (:revision, :package, :oldest_code) ON CONFLICT DO NOTHING"
    )
    rows = [
        {"revision": revision, "package": package, "oldest_code": oldest}
        for revision, oldest in oldest_code.items()
    ]
    connection.execute(statement, rows)
