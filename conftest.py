"""Fixtures of every test: an embedded Kafka and PostgreSQL, started once for the whole run.

Pytest's main process starts both before the workers of pytest-xdist, which find their addresses in
the environment, and stops both when it ends.
"""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg2
import pytest
from saga_messaging.postgres import migrations
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres

KAFKA, POSTGRES = "TEST_KAFKA_BOOTSTRAP_SERVERS", "TEST_POSTGRES_DSN"

# No test kills this server. A database takes 0.14 s to make and drop instead of 0.54 s.
UNSYNCED = {"fsync": "off"}
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
    kafka = EmbeddedKafka(_folder / "kafka")
    postgres = EmbeddedPostgres(_folder / "postgres", UNSYNCED)
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
def make_database_url() -> Iterator[Callable[..., str]]:
    """Create databases on demand, and return their URLs; they are dropped after the test."""
    names = list[str]()

    def make(template: str = "template1") -> str:
        names.append(f"test_{uuid.uuid4().hex}")
        execute(os.environ[POSTGRES], f"CREATE DATABASE {names[-1]} TEMPLATE {template}")
        return url_of(names[-1])

    yield make
    drop(names)


@pytest.fixture(scope="session")
def migrated() -> Iterator[Callable[[str], str]]:
    """Migrate a database for each package once, and return its name, as a template of others.

    A copy takes a fraction of the time that the migrations take.
    """
    names = dict[str, str]()

    def template_of(package: str) -> str:
        if package not in names:
            names[package] = f"template_{uuid.uuid4().hex}"
            execute(os.environ[POSTGRES], f"CREATE DATABASE {names[package]}")
            migrations.upgrade(package, url_of(names[package]))
        return names[package]

    yield template_of
    drop(names.values())


@pytest.fixture
def database_url(make_database_url: Callable[[], str]) -> str:
    """Return the URL of a new database, dropped after the test."""
    return make_database_url()


def url_of(database: str) -> str:
    return os.environ[POSTGRES].replace("/postgres?", f"/{database}?")


def drop(databases: Iterable[str]) -> None:
    for database in databases:
        execute(os.environ[POSTGRES], f"DROP DATABASE {database} WITH (FORCE)")


def execute(dsn: str, statement: str) -> None:
    """Execute one statement outside of a transaction."""
    connection = psycopg2.connect(dsn.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
