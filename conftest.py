"""Fixtures for all tests: an embedded Kafka and PostgreSQL, started once per run.

The main process starts them before pytest-xdist's workers, which find them through environment
variables; both end with the main process.
"""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres

KAFKA, POSTGRES = "TEST_KAFKA_BOOTSTRAP_SERVERS", "TEST_POSTGRES_DSN"

Server = EmbeddedKafka | EmbeddedPostgres
_servers: list[Server] = []
_folder: Path | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-servers",
        action="store_true",
        help="start no Kafka and PostgreSQL, for tests that need neither",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell ignores SIGINT for background processes, and they pass that on to their children,
    # which some tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unneeded = config.option.collectonly or config.option.without_servers
    if hasattr(config, "workerinput") or unneeded or KAFKA in os.environ:
        return
    global _folder  # noqa: PLW0603 - one folder per run
    _folder = Path(tempfile.mkdtemp(prefix="saga-tests-"))
    _folder.chmod(0o755)  # PostgreSQL may run as another user
    kafka, postgres = EmbeddedKafka(_folder / "kafka"), EmbeddedPostgres(_folder / "postgres")
    _servers.extend((kafka, postgres))
    postgres.start()
    kafka.start()
    os.environ[KAFKA] = kafka.bootstrap_servers
    os.environ[POSTGRES] = postgres.dsn("postgres")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every measurement that a test recorded with `record_property("summary", …)`."""
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
    """The address of the Kafka that all tests share; each test uses its own topic prefix."""
    return os.environ[KAFKA]


@pytest.fixture
def database_url() -> Iterator[str]:
    """The URL of a new, empty database for one test."""
    name = f"test_{uuid.uuid4().hex}"
    admin = os.environ[POSTGRES]
    with_admin(admin, f"CREATE DATABASE {name}")
    yield admin.replace("/postgres?", f"/{name}?")
    with_admin(admin, f"DROP DATABASE {name} WITH (FORCE)")


def with_admin(dsn: str, statement: str) -> None:
    connection = psycopg2.connect(dsn.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
