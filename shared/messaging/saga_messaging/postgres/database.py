"""One transaction at a time, in a thread, tried again while PostgreSQL is away."""

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
RACE_TRIES: Final = 5


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction may succeed later.

    psycopg2 reports lost connections, deadlocks, serialization failures and a server that is
    shutting down as OperationalError or InterfaceError: https://peps.python.org/pep-0249/#exceptions
    """
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_race(error: BaseException) -> bool:
    """Whether another process wrote the same key first: the next try sees the winner's row."""
    return isinstance(error, IntegrityError) and (
        getattr(error.orig, "pgcode", None) == UNIQUE_VIOLATION
    )


def _worth_another_try(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        return False
    return is_transient(error) or (is_race(error) and state.attempt_number < RACE_TRIES)


class Database:
    """A service's own database.

    `transaction` commits all of a piece of work or nothing. While PostgreSQL is away it keeps
    trying, for ever unless the caller sets a bound; a piece of work may therefore run several
    times, and must touch nothing but its connection.
    """

    def __init__(self, engine: Engine, threads: int, retry_max_seconds: float) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._wait = tenacity.wait_random_exponential(multiplier=0.05, max=retry_max_seconds)

    @classmethod
    def connect(cls, settings: DatabaseSettings) -> Self:
        """Prepare the pool; the first connection is made when it is needed."""
        engine = create_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_pre_ping=False,
            hide_parameters=True,  # they are people's data, and errors are logged
            connect_args={
                "connect_timeout": settings.database_connect_timeout_seconds,
                "options": (
                    f"-c timezone=UTC -c statement_timeout={settings.database_statement_timeout_ms}"
                ),
                # A server that vanishes without a word must not hold a thread for ever.
                "tcp_user_timeout": settings.database_silence_ms,
                "keepalives_idle": max(1, settings.database_silence_ms // 1000),
            },
        )
        return cls(engine, settings.database_pool_size, settings.database_retry_max_seconds)

    async def transaction(
        self, work: Callable[[Connection], T], *, give_up_after_seconds: float | None = None
    ) -> T:
        """Run `work` in one transaction, committed when this returns.

        Raises:
            DatabaseUnavailable: Not within `give_up_after_seconds`; it may be committed all the
                same, or yet. Never where that is None.
            Exception: Whatever `work` raised that is no transient fault; nothing was committed.
        """
        stop = (
            tenacity.stop_never
            if give_up_after_seconds is None
            else tenacity.stop_before_delay(give_up_after_seconds)
        )
        retrying = tenacity.AsyncRetrying(
            wait=self._wait,
            stop=stop,
            retry=_worth_another_try,
            before_sleep=_log_retry,
        )
        try:
            async with asyncio.timeout(give_up_after_seconds):
                return await retrying(self._in_thread, functools.partial(self._run, work))
        except TimeoutError as error:  # a server that hangs; the work may be committed yet
            raise DatabaseUnavailable("PostgreSQL did not answer in time") from error
        except tenacity.RetryError as error:
            cause = error.last_attempt.exception()
            raise DatabaseUnavailable(f"PostgreSQL did not answer: {_reason(cause)}") from cause

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        """Wait for the transactions in flight, then close the connections."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("database_retry", attempt=state.attempt_number, error=_reason(error))


def _reason(error: BaseException | None) -> str:
    """What PostgreSQL said, without the statement that SQLAlchemy adds."""
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()
