"""Transactions on PostgreSQL, run in threads and retried after transient failures."""

import asyncio
import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

import structlog
import tenacity
from sqlalchemy import Connection

from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.postgres.failures import (
    FEW_ATTEMPTS,
    is_transient,
    may_be_transient,
    reason,
)
from saga_messaging.postgres.sessions import prepare_transaction, session_pool
from saga_messaging.postgres.silence import SilenceWatch
from saga_messaging.settings import DatabaseSettings

T = TypeVar("T")

logger = structlog.get_logger(__name__)


def _is_retriable(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if error is None:
        return False
    return is_transient(error) or (may_be_transient(error) and state.attempt_number < FEW_ATTEMPTS)


@dataclass(frozen=True, slots=True)
class _Retrying:
    """A transaction that has failed so far: since when, and why the last time."""

    since: float
    reason: str


class Database:
    """A service's own database.

    `transaction` commits all of its work or nothing. While PostgreSQL is unavailable or read-only,
    it retries, without limit unless the caller sets one. Work may therefore run more than once,
    also after a commit whose response was lost, and must have no effect outside its connection.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self.engine = session_pool(settings)
        self._settings = settings
        self._silence = SilenceWatch(self.engine, settings.database_response_seconds)
        threads = settings.database_pool_size
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        maximum = settings.database_retry_max_seconds
        self._wait = tenacity.wait_random_exponential(multiplier=0.05, max=maximum)
        self._retrying: dict[object, _Retrying] = {}

    @classmethod
    def connect(cls, settings: DatabaseSettings) -> Self:
        """Create the connection pool; it connects at the first transaction."""
        return cls(settings)

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
        this = object()
        retrying = tenacity.AsyncRetrying(
            wait=self._wait,
            stop=stop,
            retry=_is_retriable,
            before_sleep=functools.partial(self._note_retry, this),
        )
        try:
            async with asyncio.timeout(give_up_after_seconds):
                return await retrying(self._in_thread, functools.partial(self._run, work))
        except TimeoutError as error:  # the server hangs, and may still commit the work
            before = self._retrying.get(this)
            last = f": {before.reason}" if before else ""
            raise DatabaseUnavailable(f"PostgreSQL did not respond in time{last}") from error
        except tenacity.RetryError as error:
            cause = error.last_attempt.exception()
            raise DatabaseUnavailable(f"PostgreSQL did not respond: {reason(cause)}") from cause
        finally:
            self._retrying.pop(this, None)

    def stalled(self) -> str | None:
        """Return the reason of the transaction that has been retried for too long, or None."""
        oldest = min(self._retrying.values(), key=lambda one: one.since, default=None)
        if oldest is None:
            return None
        seconds = time.monotonic() - oldest.since
        if seconds < self._settings.database_stalled_seconds:
            return None
        return f"a transaction has been retried for {seconds:.0f} s: {oldest.reason}"

    def _note_retry(self, this: object, state: tenacity.RetryCallState) -> None:
        why = reason(state.outcome.exception() if state.outcome else None)
        logger.warning("database_retry", attempt=state.attempt_number, error=why)
        before = self._retrying.get(this)
        self._retrying[this] = _Retrying(before.since if before else state.start_time, why)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            prepare_transaction(connection, self._settings.database_statement_timeout_ms)
            return work(connection)

    def close(self) -> None:
        """Wait for the transactions in progress, then close the connections."""
        self._threads.shutdown(wait=True)
        self._silence.close()
        self.engine.dispose()
