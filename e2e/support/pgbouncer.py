"""PgBouncer from Debian's package, in transaction mode, before an embedded PostgreSQL."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from saga_stack.postgres.initdb import SUPERUSER, system_user
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from saga_stack.processes.waiting import wait_while
from sqlalchemy import make_url

REQUIRED = "TEST_REQUIRE_PGBOUNCER"
SERVER_CONNECTIONS = 3

# https://www.pgbouncer.org/config.html
CONFIGURATION = """
[databases]
* = host={host} port=5432 user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
server_login_retry = 1
"""


def program() -> str:
    """Return the path of PgBouncer; skip the test if there is none, unless it is required."""
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found:
        return found
    missing = "pgbouncer is not installed: apt-get install pgbouncer"
    if REQUIRED in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def running_pgbouncer(folder: Path, database_url: str) -> Iterator[int]:
    """Run PgBouncer before the server of this URL, which has a Unix socket; yield its port."""
    executable = program()
    with reserve_free_port() as reservation:
        port = reservation.port
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(
            host=make_url(database_url).query["host"],
            user=SUPERUSER,
            port=port,
            connections=SERVER_CONNECTIONS,
        )
    )
    child = Child(
        "pgbouncer",
        [executable, configuration],
        log=folder / "pgbouncer.log",
        user=system_user(),
        stop_signal=signal.SIGINT,
    )
    child.start()

    def not_ready() -> str | None:
        child.require_running()
        with socket.socket() as probe:
            return "PgBouncer refuses" if probe.connect_ex(("127.0.0.1", port)) else None

    try:
        wait_while(not_ready, 60)
        yield port
    finally:
        child.kill()
