"""Failures of PostgreSQL, by whether the same transaction may succeed later.

SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from saga_messaging.errors import DatabaseReadOnly

UNIQUE_VIOLATION: Final = "23505"
LOCK_NOT_AVAILABLE: Final = "55P03"
READ_ONLY: Final = "25006"
"""A statement wrote in a read-only session: the server is a standby, or was made read-only."""

FEW_ATTEMPTS: Final = 5
"""Attempts after which a failure that only may be transient is considered a bug, and raised."""

_TRANSIENT: Final = frozenset(
    {
        READ_ONLY,
        "25P03",  # idle_in_transaction_session_timeout: this process was suspended
        "25P04",  # transaction_timeout
    }
)
_PERMANENT_CLASSES: Final = frozenset({"54"})
"""`program_limit_exceeded`, such as a value that is too large for its index."""
_DATA_CLASSES: Final = frozenset({"22", "54"})
"""`data_exception` and `program_limit_exceeded`; a violated constraint is rather a bug."""
_INTERNAL_CLASS: Final = "XX"


def is_transient(error: BaseException) -> bool:
    """Return True if the same transaction may succeed later.

    psycopg2 raises OperationalError or InterfaceError for lost connections, deadlocks,
    serialization failures, time-outs, exhausted resources (full disk, memory, connections) and
    server shutdown: https://peps.python.org/pep-0249/#exceptions
    """
    if isinstance(error, (DatabaseReadOnly, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = sqlstate(error) or ""
    if code[:2] in _PERMANENT_CLASSES:
        return False
    return (
        isinstance(error, (OperationalError, InterfaceError))
        or error.connection_invalidated
        or code in _TRANSIENT
    )


def may_be_transient(error: BaseException) -> bool:
    """Return True if a few more attempts are worthwhile.

    A unique violation means that another process won a race, and a retry sees its row. An internal
    error of the server, such as a table that another session changes, may be over.
    """
    code = sqlstate(error) or ""
    return is_unique_violation(error) or code.startswith(_INTERNAL_CLASS)


def is_data_error(error: DBAPIError) -> bool:
    """Return True if PostgreSQL refuses what a statement would store, and not the statement."""
    return (sqlstate(error) or "")[:2] in _DATA_CLASSES


def is_unique_violation(error: BaseException) -> bool:
    """Return True if the key exists already."""
    return isinstance(error, IntegrityError) and sqlstate(error) == UNIQUE_VIOLATION


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE that PostgreSQL sent, or None."""
    return getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None


def reason(error: BaseException | None) -> str:
    """Return PostgreSQL's own error message, without the statement that SQLAlchemy adds."""
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()
