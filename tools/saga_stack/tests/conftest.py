import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres


@pytest.fixture(scope="session")
def stack_dir() -> Iterator[Path]:
    # Short because of PostgreSQL's socket, and outside pytest's folder, which only its owner may
    # enter.
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
