"""A running process while its primary is demoted to a standby, and promoted again."""

import shutil
import tempfile
from pathlib import Path

import pytest
from messaging_testing.messages import command
from saga_stack.postgres.initdb import system_user
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.waiting import wait_while
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CAN_BE_A_STANDBY = {"wal_level": "replica", "max_wal_senders": "2", "hot_standby": "on"}


class Server(EmbeddedPostgres):
    """A server that can be made a standby, and a primary again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CAN_BE_A_STANDBY)
        self._signal = folder / "cluster" / "standby.signal"

    def demote(self) -> None:
        """Restart as a hot standby: https://www.postgresql.org/docs/current/hot-standby.html"""
        self.stop()
        self._signal.touch()
        if user := system_user():
            shutil.chown(self._signal, user, user)
        self.start()

    def execute(self, statement: str) -> None:
        engine = create_engine(
            self.dsn("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def server():
    folder = Path(tempfile.mkdtemp(prefix="saga-failover-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    with Server(folder / "postgres") as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def running(make_system, kafka_bootstrap, server):
    """A system on the server, a ready process, and the ids of the messages that it has handled."""
    system = make_system(kafka_bootstrap, server.create_database("failover"))
    process = system.start()
    process.await_ready()
    ids = send(system)
    system.await_rest(len(ids))
    return system, process, ids


def send(system, count: int = 200) -> set:
    messages = [command(f"saga-{number % 50}") for number in range(count)]
    system.send(messages)
    return {message.message_id for message in messages}


def await_read_only(process) -> None:
    def missing() -> str | None:
        process.require_running()
        status, body = process.get()
        return None if status == 503 and "read-only" in body["database"] else f"{status} {body}"

    wait_while(missing, 60)


def test_a_demoted_primary_is_waited_for_until_it_is_promoted(running, server):
    system, process, ids = running
    server.demote()
    ids |= send(system)
    await_read_only(process)
    handled = system.handled()
    assert handled < len(ids)
    server.execute("SELECT pg_promote()")
    system.await_rest(len(ids))
    process.await_ready()
    process.require_running()
    system.check_exactly_once(ids)


def test_a_server_that_turns_read_only_under_open_sessions_is_waited_for(running, server):
    system, process, ids = running
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")
    await_read_only(process)
    ids |= send(system)
    await_read_only(process)
    server.execute("ALTER SYSTEM RESET default_transaction_read_only")
    server.execute("SELECT pg_reload_conf()")
    system.await_rest(len(ids))
    process.await_ready()
    system.check_exactly_once(ids)
