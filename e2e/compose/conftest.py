"""The whole system in containers, once for the run, as `docker compose up` makes it.

`project` is what most tests want: `project.container("payment").kill()`,
`project.url("order_saga")`; and all that the end-to-end tests' helpers take as a stack.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from compose.command import Compose
from compose.engine import Engine, usable_engine
from compose.project import Project, running_project
from compose.stand_ins import ensure_images
from compose.unavailable import Unavailable

IMAGES = {
    "python": "python:3.11-slim-bookworm",
    "postgres": "postgres:17-bookworm",
    "kafka": "apache/kafka:4.3.1",
}
_missing: list[str] = []
_times: list[str] = []


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine; without one every test is skipped, and the run says so at its end."""
    began = time.monotonic()
    running = usable_engine()
    try:
        engine = running.__enter__()
    except Unavailable as error:
        _missing.append(str(error))
        pytest.skip(f"no Docker engine: {error}")
    _took("engine", began)
    yield engine
    running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def compose(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """`docker compose` for a project of this run's own, with every image built; not started."""
    began = time.monotonic()
    images = ensure_images(engine, IMAGES)
    _took(f"images ({', '.join(f'{name} {how}' for name, how in images.items())})", began)
    compose = Compose(engine, tmp_path_factory.mktemp("secrets"))
    began = time.monotonic()
    compose.build()
    _took("build", began)
    yield compose
    compose.down(volumes=True)


@pytest.fixture(scope="session")
def project(compose: Compose) -> Iterator[Project]:
    """The project, running and healthy; tests on it leave it so."""
    began = time.monotonic()
    compose.up()
    _took("up", began)
    with running_project(compose.name, compose.engine.host) as running:
        yield running


def _took(what: str, began: float) -> None:
    _times.append(f"{what}: {time.monotonic() - began:.1f} s")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _times:
        terminalreporter.write_line(line)
    for reason in _missing:
        terminalreporter.section("DOCKER COMPOSE WAS NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(f"No Docker engine could be used or started: {reason}")
