"""Fixtures of the whole system: real Kafka, PostgreSQL and services, one for each test process.

Stripe is the emulator, or Stripe's own test mode where STRIPE_SECRET_KEY=sk_test_… is set. With
KAFKA_BOOTSTRAP_SERVERS=… the tests use that Kafka. With TEST_COMPOSE_PROJECT=saga nothing is
started: they use the containers of that compose project. Neither applies to tests marked
`embedded`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from saga_stack.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("support")
from support.logs import warnings_of  # noqa: E402 - once `support` can be imported and is rewritten
from support.stacks import stack_settings  # noqa: E402 - as above

if TYPE_CHECKING:
    from support.containers.project import Project
    from support.system import System

COMPOSE_PROJECT = "TEST_COMPOSE_PROJECT"
# Docker's SDK does not close its Unix sockets itself.
UNCLOSED_SOCKETS = "ignore:unclosed <socket.*family=1:ResourceWarning"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", UNCLOSED_SOCKETS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the warnings in the services' logs to the report of a failed test."""
    report = yield
    if report.failed:
        fixtures = getattr(item, "funcargs", {}).values()
        for stack in (value for value in fixtures if isinstance(value, Stack)):
            report.sections.extend((f"log of {name}", text) for name, text in warnings_of(stack))
    return report


@pytest.fixture
def stack_folder() -> Iterator[Path]:
    """Yield a folder for the data of one test's stack."""
    yield from _folder()


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    """Yield a folder for the data of one module's stack."""
    yield from _folder()


@pytest.fixture(scope="session")
def compose_project() -> "Iterator[Project | None]":
    """Yield the compose project to test, or None."""
    if COMPOSE_PROJECT not in os.environ:
        yield None
        return
    # Docker's SDK is needed only here.
    from support.containers.project import running_project  # noqa: PLC0415

    with running_project(os.environ[COMPOSE_PROJECT]) as project:
        yield project


@pytest.fixture(scope="session")
def stack(compose_project) -> "Iterator[System]":
    """Yield a system that all tests share; they leave it running."""
    if compose_project:
        yield compose_project
        return
    for folder in _folder():
        with Stack(stack_settings(folder)) as running:
            yield running


@pytest.fixture(scope="module")
def own_stack(compose_project, module_folder) -> "Iterator[System]":
    """Yield a system whose parts a module may stop, and whose Stripe's clock it may move."""
    if compose_project:
        yield compose_project
        return
    with Stack(stack_settings(module_folder)) as running:
        yield running


def _folder() -> Iterator[Path]:
    # Not pytest's `tmp_path`, whose parent PostgreSQL's user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="saga-e2e-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
