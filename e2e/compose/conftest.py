"""Fixtures of the whole system in containers, started by `make up` once for each module of tests.

`project` is a running `Project`, which has the interface of `System` and gives access to its
containers: `project.container("payment").kill()`.
"""

import os
import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from support.containers.compose import Compose
from support.containers.engine import Engine, usable_engine
from support.containers.errors import EngineUnavailable
from support.containers.project import Project, running_project
from support.containers.substitute_images import ensure_images, remove_substitutes

StartProject = Callable[..., AbstractContextManager[Project]]
REQUIRED = "REQUIRE_DOCKER"
_unavailable: list[str] = []
_durations: list[str] = []


def pytest_configure() -> None:
    # SIGTERM also has to remove what the tests made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Yield a Docker engine; without one every test is skipped, and the summary says so."""
    began = time.monotonic()
    with _skipped_without_engine(), usable_engine() as engine:
        _record_duration("engine", began)
        yield engine


@pytest.fixture(scope="session")
def compose(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Yield the commands of a compose project of this run, which is not started yet."""
    compose = Compose(engine, tmp_path_factory.mktemp("secrets"))
    began = time.monotonic()
    try:
        with _skipped_without_engine():
            images = ensure_images(engine, compose.images())
        origins = ", ".join(f"{name}: {origin}" for name, origin in images.items())
        _record_duration(f"images ({origins})", began)
        yield compose
    finally:
        remove_substitutes(engine, compose.images())


@pytest.fixture(scope="session")
def running(compose: Compose) -> StartProject:
    """Return a context manager that starts the project without data and removes it at the end.

    It takes the number of replicas: `with running(payment=3) as project:`.
    """

    @contextmanager
    def running(**replicas: int) -> Generator[Project]:
        began = time.monotonic()
        try:
            output = compose.up(**replicas)
            _record_duration("make up", began)
            _durations.append(output[output.rindex("SERVICE") :].rstrip())
            with running_project(compose.name, compose.engine.host) as project:
                yield project
        finally:
            began = time.monotonic()
            compose.down(volumes=True)
            _record_duration("make down", began)

    return running


@pytest.fixture(scope="module")
def project(running: StartProject) -> Iterator[Project]:
    """Yield the project, running and healthy; tests leave it healthy."""
    with running() as project:
        yield project


@contextmanager
def _skipped_without_engine() -> Generator[None]:
    try:
        yield
    except EngineUnavailable as error:
        _unavailable.append(str(error))
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and no Docker engine is available: {error}")
        pytest.skip(f"no Docker engine: {error}")


def _record_duration(activity: str, began: float) -> None:
    _durations.append(f"{activity}: {time.monotonic() - began:.1f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _durations:
        terminalreporter.write_line(line)
    for reason in _unavailable:
        terminalreporter.section("DOCKER COMPOSE WAS NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"No Docker engine could be used or started: {reason}")
