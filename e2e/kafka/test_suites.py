"""The end-to-end tests of the whole system, on a cluster of three brokers."""

import asyncio
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from saga_messaging.durability import differences
from saga_messaging.kafka import client_options
from saga_messaging.settings import KafkaSettings
from saga_schemas.topics import TOPICS
from saga_stack.kafka.cluster import create_brokers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

E2E = Path(__file__).parents[1]
KILL = "test_kill.py::test_a_process_killed_in_the_middle_of_500_orders_loses_and_doubles_nothing"
# The brokers that are killed have tests of their own. Last comes what leaves its stack running.
SUITES = (
    "test_life.py",
    "test_raw_kafka.py",
    f"{KILL}[order_saga]",
    f"{KILL}[payment]",
    "test_cards.py",
)
SUITE_SECONDS = 800


@pytest.fixture(scope="module")
def cluster(module_folder):
    brokers = create_brokers(module_folder, 3, None).values()
    with ExitStack() as stops:
        for broker in brokers:
            stops.callback(broker.stop)
            broker.launch()
        # All at once: the last one alone would wait for a controller to let it go.
        stops.callback(lambda: [broker.ask_to_stop() for broker in brokers])
        for broker in brokers:
            broker.await_ready()
        yield ",".join(broker.bootstrap_servers for broker in brokers)


def test_the_suites_pass(cluster, record_property):
    command = [sys.executable, "-m", "pytest", "--without-servers", "-q", "-p", "no:cacheprovider"]
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster, "KAFKA_REPLICATION_FACTOR": "3"}
    ran = subprocess.run(
        [*command, "-m", "not embedded", *(str(E2E / name) for name in SUITES)],
        cwd=E2E.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout[-20_000:]}{ran.stderr}"
    assert asyncio.run(unlike_three_copies(cluster)) == []
    record_property("summary", ran.stdout.splitlines()[-1])


async def unlike_three_copies(cluster):
    """How the topics that the suites used differ from what was to be shown."""
    settings = KafkaSettings(kafka_bootstrap_servers=cluster, kafka_replication_factor=3)
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        names = {topic.name for topic in TOPICS}
        used = [each for each in await admin.list_topics() if each.rpartition(".")[2] in names]
        assert len(used) >= len(names)
        return await differences(admin, settings, used)
    finally:
        await admin.close()
