"""The end-to-end tests of the whole system, through the published ports of its containers."""

import os
import subprocess
import sys
import time

import pytest
from compose.command import ROOT

# What puts a letter among the dead comes last, as others look whether there is none.
FILES = ("test_cards.py", "test_life.py", "test_raw_kafka.py")
SUITE_SECONDS = 400
REPLICAS = [{"payment": 1, "order_saga": 1}, {"payment": 3, "order_saga": 2}]


@pytest.fixture(scope="module")
def anew(project, compose):  # noqa: ARG001 - it is there once it has been started
    """Starts the project again without any data, each service with so many replicas."""

    def start(replicas):
        compose.down(volumes=True)
        compose.up(**replicas)

    yield start
    start({})


@pytest.mark.parametrize("replicas", REPLICAS, ids=lambda many: f"payment={many['payment']}")
def test_the_suite_passes(project, compose, anew, replicas, record_property):
    anew(replicas)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--without-servers", "-q", "-p", "no:cacheprovider"]
    files = [str(ROOT / "e2e" / name) for name in FILES]
    ran = subprocess.run(
        [*command, "-m", "not embedded", *files],
        cwd=ROOT,
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
