"""Connections whose server, or what is between, accepts bytes and never responds."""

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Final

import psycopg2
import structlog
from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

POLL_SECONDS: Final = 0.25

logger = structlog.get_logger(__name__)


class SilenceWatch:
    """Closes each connection on which a statement, or a commit, has no response in time.

    The thread that waits for the response then gets an OperationalError. TCP's own time-outs do
    not help where the other end acknowledges the bytes: a suspended server, a pooler whose server
    is away, a firewall that keeps one half of a connection.
    """

    def __init__(self, engine: Engine, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._waiting: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        event.listen(engine, "before_cursor_execute", self._on_request)
        event.listen(engine, "after_cursor_execute", self._on_response)
        event.listen(engine, "commit", self._on_request)
        event.listen(engine, "rollback", self._on_request)
        event.listen(engine, "checkin", self._on_checkin)
        event.listen(engine, "close", self._on_checkin)

    def close(self) -> None:
        """Stop watching; the thread ends by itself."""
        self._closed.set()

    def _on_request(self, connection: Connection, *_: object) -> None:
        if connection.invalidated:  # a rollback, of a session that is discarded
            return
        with self._lock:
            self._waiting[connection.connection.dbapi_connection] = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()

    def _on_response(self, connection: Connection, *_: object) -> None:
        self._forget(connection.connection.dbapi_connection)

    def _on_checkin(self, driver: Any, _: ConnectionPoolEntry) -> None:
        self._forget(driver)

    def _forget(self, driver: Any) -> None:
        with self._lock:
            self._waiting.pop(driver, None)

    def _watch(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            oldest = time.monotonic() - self._limit_seconds
            with self._lock:
                silent = [driver for driver, since in self._waiting.items() if since < oldest]
                for driver in silent:
                    del self._waiting[driver]
                    _shut_down(driver)
            for _ in silent:
                logger.error("database_connection_silent", seconds=self._limit_seconds)


def _shut_down(driver: Any) -> None:
    """Close the connection's socket for both directions, which wakes the thread that waits."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(driver.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)
