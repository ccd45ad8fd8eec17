"""The whole system in containers, once for the run, as `docker compose up` makes it.

`project` is what most tests want: `project.container("payment").kill()`,
`project.url("order_saga")`; and all that the end-to-end tests' helpers take as a stack.
"""

import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from compose.command import Compose
from compose.engine import Engine, usable_engine
from compose.project import Project, running_project
from compose.stand_ins import ensure_images, remove_stand_ins
from compose.unavailable import Unavailable

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
    with _or_skipped():
        images = ensure_images(engine, compose.images())
    _took(f"images ({', '.join(f'{name} {how}' for name, how in images.items())})", began)
    try:
        yield compose
    finally:
        began = time.monotonic()
        compose.down(volumes=True)
        _took("make down", began)
        remove_stand_ins(engine, compose.images())


@pytest.fixture(scope="session")
def project(compose: Compose) -> Iterator[Project]:
    """The project, running and healthy; tests on it leave it so."""
    began = time.monotonic()
    said = compose.up()
    _took("make up, with its builds", began)
    _times.append(said[said.rindex("SERVICE") :].rstrip())
    with running_project(compose.name, compose.engine.host) as running:
        yield running


@contextmanager
def _or_skipped() -> Generator[None]:
    try:
        yield
    except Unavailable as error:
        _missing.append(str(error))
        pytest.skip(f"no Docker engine: {error}")


def _took(what: str, began: float) -> None:
    _times.append(f"{what}: {time.monotonic() - began:.1f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _times:
        terminalreporter.write_line(line)
    for reason in _missing:
        terminalreporter.section("DOCKER COMPOSE WAS NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"No Docker engine could be used or started: {reason}")
