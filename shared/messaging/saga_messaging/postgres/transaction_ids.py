"""Identity of transactions, to tell one's own lost commit from the same work of another process.

https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
"""

from collections.abc import Iterable

from sqlalchemy import Connection, text

_CURRENT = text("SELECT pg_current_xact_id()::text")
_STATUS = text("SELECT pg_xact_status(CAST(CAST(:id AS text) AS xid8))")


def current_transaction(connection: Connection) -> str:
    """Return the id of the transaction in progress; it gets one if it has none."""
    return str(connection.scalar(_CURRENT))


def any_committed(connection: Connection, ids: Iterable[str]) -> bool:
    """Return True if one of these earlier transactions has committed."""
    return any(connection.scalar(_STATUS, {"id": id_}) == "committed" for id_ in ids)
