"""Indexes that are created while others write to the table, for migrations."""

from alembic import op
from sqlalchemy import text


def create_index_concurrently(name: str, definition: str, *, unique: bool = False) -> None:
    """Create an index on a table that exists, without blocking those who write to it.

    Call it in a migration that does nothing else: it cannot be in a transaction, so a migration
    that fails here is run again from its start. An invalid index, left by an attempt that failed,
    is dropped first.
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY

    Args:
        name: The index's name.
        definition: What follows ON: the table, its columns in parentheses, and a condition.
        unique: Create a unique index.
    """
    context = op.get_context()
    with context.autocommit_block():
        if not context.as_sql and _is_invalid(name):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        kind = "UNIQUE INDEX" if unique else "INDEX"
        op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {definition}")


def _is_invalid(name: str) -> bool:
    query = text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().scalar(query, {"name": name}))
