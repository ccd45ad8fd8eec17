"""Sessions that keep no state, so that a pooler in transaction mode may share them.

What a transaction needs is set inside it: no `options` at the start of a session, no SET, no
prepared statement, no advisory lock of a session.
https://www.pgbouncer.org/features.html#sql-feature-map-for-pooling-modes
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from saga_messaging.errors import DatabaseReadOnly
from saga_messaging.postgres.failures import READ_ONLY, sqlstate
from saga_messaging.settings import DatabaseSettings

KEEPALIVES: Final = 3
"""Unanswered probes after which the kernel closes an idle connection."""

_PREPARE: Final = (
    "SELECT set_config('statement_timeout', %(timeout)s, true),"
    " set_config('idle_in_transaction_session_timeout', %(timeout)s, true),"
    " set_config('TimeZone', 'UTC', true),"
    # What is answered or acknowledged after a commit must survive a crash of the server.
    " CASE current_setting('synchronous_commit') WHEN 'off'"
    " THEN set_config('synchronous_commit', 'on', true) END,"
    " current_setting('transaction_read_only')"
)


def session_pool(settings: DatabaseSettings) -> Engine:
    """Return the connection pool; it connects at the first transaction."""
    engine = create_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        use_native_hstore=False,  # it would cost a query for each new session
        hide_parameters=True,  # parameters are personal data, and errors are logged
        connect_args=_connect_arguments(settings),
    )
    event.listen(engine, "handle_error", _discard_read_only_session)
    return engine


def prepare_transaction(connection: Connection, statement_timeout_ms: int) -> None:
    """Set the time-outs, the time zone and the durability of a transaction that has just begun.

    Raises:
        DatabaseReadOnly: The session cannot write; it is discarded, so that the next attempt
            connects anew and may reach another server. Nor may such a session be read from: a
            demoted server lacks what was committed since.
    """
    timeout = {"timeout": str(statement_timeout_ms)}
    *_, read_only = connection.exec_driver_sql(_PREPARE, timeout).one()
    if read_only == "on":
        connection.invalidate()
        raise DatabaseReadOnly(
            "PostgreSQL is read-only: a standby, a demoted primary,"
            " or default_transaction_read_only is on"
        )


def _connect_arguments(settings: DatabaseSettings) -> dict[str, Any]:
    """Return libpq's parameters: https://www.postgresql.org/docs/current/libpq-connect.html."""
    silence_seconds = settings.database_silence_ms // 1000
    arguments: dict[str, Any] = {
        "connect_timeout": settings.database_connect_timeout_seconds,
        "client_encoding": "utf8",  # not what a role, a database or PGCLIENTENCODING sets
        # A server that disappears without closing the connection must not block a thread.
        "tcp_user_timeout": settings.database_silence_ms,
        "keepalives_idle": max(1, silence_seconds // 2),
        "keepalives_interval": max(1, silence_seconds // (2 * KEEPALIVES)),
        "keepalives_count": KEEPALIVES,
    }
    if _names_several_hosts(settings.database_url):
        arguments["target_session_attrs"] = "read-write"
    return arguments


def _names_several_hosts(database_url: str) -> bool:
    url = make_url(database_url)
    hosts = url.query.get("host", url.host or "")
    return not isinstance(hosts, str) or "," in hosts


def _discard_read_only_session(context: ExceptionContext) -> None:
    """Discard the session, and all others of the pool, once a statement found it read-only."""
    error = context.sqlalchemy_exception
    if error is not None and sqlstate(error) == READ_ONLY:
        context.is_disconnect = True
