"""The whole system, once for each process that runs tests: real Kafka, PostgreSQL and services.

Stripe is the emulator, or Stripe's own test mode where STRIPE_SECRET_KEY=sk_test_… is set. With
TEST_COMPOSE_PROJECT=saga nothing is started: the tests use the containers of that compose project,
but for those marked `embedded`. With KAFKA_BOOTSTRAP_SERVERS=… they use that Kafka, but for those.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from saga_stack.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
from at_stripe import settings_for

if TYPE_CHECKING:
    from compose.project import Project

COMPOSE_PROJECT = "TEST_COMPOSE_PROJECT"
# Docker's SDK leaves it to Python to close its Unix sockets.
LEFT_OPEN = "ignore:unclosed <socket.*family=1:ResourceWarning"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", LEFT_OPEN)


@pytest.fixture
def stack_folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    yield from _folder()


@pytest.fixture(scope="session")
def compose_project() -> "Iterator[Project | None]":
    """The compose project to test, if one is named."""
    if COMPOSE_PROJECT not in os.environ:
        yield None
        return
    from compose.project import running_project  # noqa: PLC0415 - only where it is asked for

    with running_project(os.environ[COMPOSE_PROJECT]) as project:
        yield project


@pytest.fixture(scope="session")
def stack(compose_project) -> "Iterator[Stack | Project]":
    """All of it, started once; tests on it leave it running."""
    if compose_project:
        yield compose_project
        return
    for folder in _folder():
        with Stack(settings_for(folder)) as running:
            yield running


@pytest.fixture(scope="module")
def own_stack(compose_project, module_folder) -> "Iterator[Stack | Project]":
    """A stack whose parts these tests stop, and whose Stripe's clock they move."""
    if compose_project:
        yield compose_project
        return
    with Stack(settings_for(module_folder)) as running:
        yield running


def _folder() -> Iterator[Path]:
    # None of pytest's own: whenever pytest starts it closes them to PostgreSQL's user.
    folder = Path(tempfile.mkdtemp(prefix="saga-e2e-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
