"""Fixtures: systems under test, servers, settings. Makes `messaging_testing` importable."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from saga_messaging.postgres.database import Database
from saga_messaging.settings import ServiceSettings
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))

from messaging_testing.system import System


@pytest.fixture
def make_system(tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Make systems on the given servers; their processes are killed after the test."""
    systems: list[System] = []

    def make(servers: str, database_url: str, *, prepare: bool = True) -> System:
        systems.append(system := System(tmp_path, servers, database_url))
        if prepare:
            system.prepare()
        return system

    yield make
    for system in systems:
        system.close()


@pytest.fixture
def system(make_system: Callable[..., System], kafka_bootstrap: str, database_url: str) -> System:
    """A system on the servers shared by the whole run."""
    return make_system(kafka_bootstrap, database_url)


@pytest.fixture(scope="module")
def servers_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="saga-m-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def own_kafka(servers_folder: Path) -> Iterator[EmbeddedKafka]:
    """A broker that a test may stall or kill, and must restore."""
    with EmbeddedKafka(servers_folder / "kafka") as broker:
        yield broker


@pytest.fixture
def own_postgres(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(servers_folder / "postgres") as server:
        yield server


@pytest.fixture
def make_settings() -> Callable[..., ServiceSettings]:
    defaults = {"database_url": "postgresql+psycopg2://nobody@127.0.0.1:1/none", "http_port": 1}
    return lambda **changes: ServiceSettings(**{**defaults, **changes})


@pytest.fixture
def database_url(make_database_url: Callable[..., str], migrated: Callable[[str], str]) -> str:
    """A migrated database of the test's own."""
    return make_database_url(migrated("messaging_testing"))


@pytest.fixture
def database(
    database_url: str, make_settings: Callable[..., ServiceSettings]
) -> Iterator[Database]:
    """A connection to the migrated database."""
    database = Database.connect(
        make_settings(database_url=database_url, database_retry_max_seconds=0.1)
    )
    yield database
    database.close()
