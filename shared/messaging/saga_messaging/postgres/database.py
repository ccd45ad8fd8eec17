"""Transactions on PostgreSQL, run in threads and retried after transient failures."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, TypeVar

import structlog
import tenacity
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.settings import DatabaseSettings

T = TypeVar("T")

logger = structlog.get_logger(__name__)


UNIQUE_VIOLATION: Final = "23505"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
UNIQUE_VIOLATION_ATTEMPTS: Final = 5
"""Attempts after which a unique violation is considered a bug, and raised."""


def is_transient(error: BaseException) -> bool:
    """Return True if the same transaction may succeed later.

    psycopg2 raises OperationalError or InterfaceError for lost connections, deadlocks,
    serialization failures and server shutdown: https://peps.python.org/pep-0249/#exceptions
    """
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_unique_violation(error: BaseException) -> bool:
    """Return True if the key exists: another process won a race, and a retry sees its row."""
    return isinstance(error, IntegrityError) and (
        getattr(error.orig, "pgcode", None) == UNIQUE_VIOLATION
    )


def _is_retriable(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        return False
    return is_transient(error) or (
        is_unique_violation(error) and state.attempt_number < UNIQUE_VIOLATION_ATTEMPTS
    )


class Database:
    """A service's own database.

    `transaction` commits all of its work or nothing. While PostgreSQL is unavailable, it retries,
    without limit unless the caller sets one. Work may therefore run more than once, and must have
    no effect outside its connection.
    """

    def __init__(self, engine: Engine, threads: int, retry_max_seconds: float) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._wait = tenacity.wait_random_exponential(multiplier=0.05, max=retry_max_seconds)

    @classmethod
    def connect(cls, settings: DatabaseSettings) -> Self:
        """Create the connection pool; it connects at the first transaction."""
        engine = create_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            hide_parameters=True,  # parameters are personal data, and errors are logged
            connect_args={
                "connect_timeout": settings.database_connect_timeout_seconds,
                "options": (
                    f"-c timezone=UTC -c statement_timeout={settings.database_statement_timeout_ms}"
                ),
                # A server that disappears without closing the connection must not block a thread.
                "tcp_user_timeout": settings.database_silence_ms,
                "keepalives_idle": max(1, settings.database_silence_ms // 1000),
            },
        )
        return cls(engine, settings.database_pool_size, settings.database_retry_max_seconds)

    async def transaction(
        self, work: Callable[[Connection], T], *, give_up_after_seconds: float | None = None
    ) -> T:
        """Run `work` in one transaction, commit it, and return the result.

        Raises:
            DatabaseUnavailable: The commit was not confirmed within `give_up_after_seconds`; the
                work may be committed, now or later. Not raised if the limit is None.
            Exception: `work` raised an error that is not transient; nothing was committed.
        """
        stop = (
            tenacity.stop_never
            if give_up_after_seconds is None
            else tenacity.stop_before_delay(give_up_after_seconds)
        )
        retrying = tenacity.AsyncRetrying(
            wait=self._wait,
            stop=stop,
            retry=_is_retriable,
            before_sleep=_log_retry,
        )
        try:
            async with asyncio.timeout(give_up_after_seconds):
                return await retrying(self._in_thread, functools.partial(self._run, work))
        except TimeoutError as error:  # the server hangs, and may still commit the work
            raise DatabaseUnavailable("PostgreSQL did not respond in time") from error
        except tenacity.RetryError as error:
            cause = error.last_attempt.exception()
            raise DatabaseUnavailable(f"PostgreSQL did not respond: {_reason(cause)}") from cause

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Wait for the transactions in progress, then close the connections."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("database_retry", attempt=state.attempt_number, error=_reason(error))


def _reason(error: BaseException | None) -> str:
    """Return PostgreSQL's own error message, without the statement that SQLAlchemy adds."""
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()
