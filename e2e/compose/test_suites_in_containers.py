"""The end-to-end tests of the whole system, through the published ports of its containers."""

import os
import subprocess
import sys
import time

import httpx
import pytest
from support.repository import REPOSITORY

# What puts a letter among the dead comes last, as others look whether there is none.
FILES = ("test_cards.py", "test_order_lifecycle.py", "test_raw_kafka.py")
SUITE_SECONDS = 400
REPLICAS = [{"payment": 1, "order_saga": 1}, {"payment": 3, "order_saga": 2}]


@pytest.fixture(params=REPLICAS, ids=lambda many: f"payment={many['payment']}")
def replicas(request, running):
    """The project with so many replicas of each service."""
    with running(**request.param) as project:
        yield project, request.param


def test_the_suite_passes(compose, replicas, record_property):
    project, numbers = replicas
    assert ready(project, numbers) == numbers
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--without-servers", "-q", "-p", "no:cacheprovider"]
    files = [str(REPOSITORY / "e2e" / name) for name in FILES]
    ran = subprocess.run(
        [*command, "-m", "not embedded", *files],
        cwd=REPOSITORY,
        env={
            **os.environ,
            **compose.engine.environment,
            "DOCKER_HOST": compose.engine.host,
            "TEST_COMPOSE_PROJECT": project.name,
        },
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}{ran.stderr}"
    record_property("summary", f"{ran.stdout.splitlines()[-1]} ({time.monotonic() - began:.0f} s)")


def ready(project, numbers):
    """How many replicas say that they are ready, each at an address of its own."""
    urls = {
        service: {project.url(service, one + 1) for one in range(many)}
        for service, many in numbers.items()
    }
    return {
        service: sum(httpx.get(f"{url}/readyz").status_code == 200 for url in each)
        for service, each in urls.items()
    }
