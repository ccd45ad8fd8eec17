"""Fixtures of every test: an embedded Kafka and PostgreSQL, started once for the whole run.

Pytest's main process starts both before the workers of pytest-xdist, which find their addresses in
the environment, and stops both when it ends.
"""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres

KAFKA, POSTGRES = "TEST_KAFKA_BOOTSTRAP_SERVERS", "TEST_POSTGRES_DSN"

USES_SERVERS = {"kafka_bootstrap", "make_database_url", "migrated"}

Server = EmbeddedKafka | EmbeddedPostgres
_servers: list[Server] = []
_folder: Path | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-servers",
        action="store_true",
        help="do not start Kafka and PostgreSQL, for tests that need neither",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell ignores SIGINT in what it starts in the background, and the programs that tests start
    # and interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    not_needed = config.option.collectonly or config.option.without_servers
    if hasattr(config, "workerinput") or not_needed or KAFKA in os.environ:
        return
    global _folder  # noqa: PLW0603 - one folder for the run
    _folder = Path(tempfile.mkdtemp(prefix="saga-tests-"))
    _folder.chmod(0o755)  # PostgreSQL may run as another user
    kafka, postgres = EmbeddedKafka(_folder / "kafka"), EmbeddedPostgres(_folder / "postgres")
    _servers.extend((kafka, postgres))
    postgres.start()
    kafka.start()
    os.environ[KAFKA] = kafka.bootstrap_servers
    os.environ[POSTGRES] = postgres.dsn("postgres")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs a server as `stack`."""
    for item in items:
        if "integration" in item.path.parts or USES_SERVERS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.stack)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests recorded with `record_property("summary", …)`, in any worker."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(f"{report.nodeid}\n{text}")


def pytest_unconfigure() -> None:
    for server in _servers:
        server.stop()
    _servers.clear()
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """Return the address of a Kafka that all tests share; use a topic prefix."""
    return os.environ[KAFKA]


@pytest.fixture
def make_database_url() -> Iterator[Callable[[], str]]:
    """Create databases on demand, and return their URLs; they are dropped after the test."""
    names, admin = list[str](), os.environ[POSTGRES]

    def make() -> str:
        names.append(name := f"test_{uuid.uuid4().hex}")
        execute(admin, f"CREATE DATABASE {name}")
        return admin.replace("/postgres?", f"/{name}?")

    yield make
    for name in names:
        execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(make_database_url: Callable[[], str]) -> str:
    """Return the URL of a new database, dropped after the test."""
    return make_database_url()


def execute(dsn: str, statement: str) -> None:
    """Execute one statement outside of a transaction."""
    connection = psycopg2.connect(dsn.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
