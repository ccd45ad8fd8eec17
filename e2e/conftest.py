"""The whole system, once for each process that runs tests: real Kafka, PostgreSQL and services.

Stripe is the emulator, or Stripe's own test mode where STRIPE_SECRET_KEY=sk_test_… is set.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from saga_cli.settings import StackSettings, with_environment
from saga_cli.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def stack_folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """All of it, started once; tests on it leave it running."""
    for folder in _folder():
        settings = with_environment(StackSettings(data_dir=folder), os.environ)
        with Stack(settings) as running:
            yield running


def _folder() -> Iterator[Path]:
    # None of pytest's own: whenever pytest starts it closes them to PostgreSQL's user.
    folder = Path(tempfile.mkdtemp(prefix="saga-e2e-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
