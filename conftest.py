"""What every test may ask for: an embedded Kafka and PostgreSQL, started once for the whole run.

The process that owns the run starts them, before pytest-xdist's workers, which find them by their
environment; both die with it.
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
        help="start neither Kafka nor PostgreSQL: for tests that need neither",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts us in the background has SIGINT ignored, and so would have the programs
    # that tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unneeded = config.option.collectonly or config.option.without_servers
    if hasattr(config, "workerinput") or unneeded or KAFKA in os.environ:
        return
    global _folder  # noqa: PLW0603 - one run, one folder
    _folder = Path(tempfile.mkdtemp(prefix="saga-tests-"))
    _folder.chmod(0o755)  # PostgreSQL may run as another user
    kafka, postgres = EmbeddedKafka(_folder / "kafka"), EmbeddedPostgres(_folder / "postgres")
    _servers.extend((kafka, postgres))
    postgres.start()
    kafka.start()
    os.environ[KAFKA] = kafka.bootstrap_servers
    os.environ[POSTGRES] = postgres.dsn("postgres")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test measured (`record_property("summary", …)`) is shown, whichever worker ran it."""
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
    """The address of an Apache Kafka that the whole run shares: use a topic prefix of your own."""
    return os.environ[KAFKA]


@pytest.fixture
def database_url() -> Iterator[str]:
    """A fresh, empty database of this test's own."""
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
