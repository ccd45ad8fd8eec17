import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def stack_dir() -> Iterator[Path]:
    # Short because of PostgreSQL's socket, and outside pytest's folder, which only its owner may
    # enter.
    folder = Path(tempfile.mkdtemp(prefix="saga-"))
    yield folder
    shutil.rmtree(folder)
