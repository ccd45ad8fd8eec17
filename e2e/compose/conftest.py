"""The whole system in containers, once for each file of tests, as `make up` makes it.

`project` is what most tests want: `project.container("payment").kill()`,
`project.url("order_saga")`; and all that the end-to-end tests' helpers take as a stack.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.containers.command import Compose
from support.containers.engine import Engine, usable_engine
from support.containers.project import Project, running_project
from support.containers.substitute_images import ensure_images, remove_stand_ins
from support.containers.unavailable import Unavailable

Running = Callable[..., AbstractContextManager[Project]]
REQUIRED = "REQUIRE_DOCKER"
_missing: list[str] = []
_times: list[str] = []


def pytest_configure() -> None:
    # Also who is told to stop removes what it made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine; without one every test is skipped, and the run says so at its end."""
    began = time.monotonic()
    with _or_skipped(), usable_engine() as engine:
        _took("engine", began)
        yield engine


@pytest.fixture(scope="session")
def compose(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """`make up` and `docker compose` for a project of this run's own; not started."""
    compose = Compose(engine, tmp_path_factory.mktemp("secrets"))
    began = time.monotonic()
    try:
        with _or_skipped():
            images = ensure_images(engine, compose.images())
        _took(f"images ({', '.join(f'{name} {how}' for name, how in images.items())})", began)
        yield compose
    finally:
        remove_stand_ins(engine, compose.images())


@pytest.fixture(scope="session")
def running(compose: Compose) -> Running:
    """`with running(payment=3) as project:` the project without any data, and removed after."""

    @contextmanager
    def running(**replicas: int) -> Generator[Project]:
        began = time.monotonic()
        try:
            said = compose.up(**replicas)
            _took("make up", began)
            _times.append(said[said.rindex("SERVICE") :].rstrip())
            with running_project(compose.name, compose.engine.host) as project:
                yield project
        finally:
            began = time.monotonic()
            compose.down(volumes=True)
            _took("make down", began)

    return running


@pytest.fixture(scope="module")
def project(running: Running) -> Iterator[Project]:
    """The project, running and healthy; tests on it leave it so."""
    with running() as project:
        yield project


@contextmanager
def _or_skipped() -> Generator[None]:
    try:
        yield
    except Unavailable as error:
        _missing.append(str(error))
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and there is no Docker engine: {error}")
        pytest.skip(f"no Docker engine: {error}")


def _took(what: str, began: float) -> None:
    _times.append(f"{what}: {time.monotonic() - began:.1f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _times:
        terminalreporter.write_line(line)
    for reason in _missing:
        terminalreporter.section("DOCKER COMPOSE WAS NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"No Docker engine could be used or started: {reason}")
