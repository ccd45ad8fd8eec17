import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from saga_cli.kafka import EmbeddedKafka
from saga_cli.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def stack_dir() -> Iterator[Path]:
    # Short, for PostgreSQL's socket, and not below pytest's folder, which only we may enter.
    folder = Path(tempfile.mkdtemp(prefix="saga-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kafka(stack_dir: Path) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(stack_dir / "kafka") as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres(stack_dir: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(stack_dir / "postgres") as server:
        yield server
