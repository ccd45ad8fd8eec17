"""The end-to-end tests of the whole system, on a cluster of three brokers."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from saga_cli.kafka_cluster import brokers_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

E2E = Path(__file__).parents[1]
# Of the processes that are killed there, the brokers have tests of their own.
FILES = ("test_cards.py", "test_life.py", "test_raw_kafka.py", "test_kill.py")
BUT = "not embedded and not broker"
SUITE_SECONDS = 800


@pytest.fixture(scope="module")
def cluster(module_folder):
    brokers = brokers_of(module_folder, 3, None).values()
    with ExitStack() as stops:
        for broker in brokers:
            stops.callback(broker.stop)
            broker.launch()
        for broker in brokers:
            broker.await_ready()
        yield ",".join(broker.bootstrap_servers for broker in brokers)


def test_the_suites_pass(cluster, record_property):
    command = [sys.executable, "-m", "pytest", "--without-servers", "-q", "-p", "no:cacheprovider"]
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster, "KAFKA_REPLICATION_FACTOR": "3"}
    ran = subprocess.run(
        [*command, "-m", "not embedded", *(str(E2E / name) for name in FILES)],
        cwd=E2E.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}{ran.stderr}"
    record_property("summary", ran.stdout.splitlines()[-1])
