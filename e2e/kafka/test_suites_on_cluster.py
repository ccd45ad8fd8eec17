"""The end-to-end tests of the whole system, on a cluster of three brokers."""

import asyncio
from contextlib import ExitStack

import pytest
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.topic_config import find_mismatches
from saga_messaging.settings import KafkaSettings
from saga_schemas.topics import TOPICS
from saga_stack.kafka.cluster import create_brokers
from support.suites import run_suites

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KILL = "test_kill.py::test_orders_survive_a_process_killed_in_the_middle"
# Killed brokers have tests of their own. The suite that leaves its stack running comes last.
SUITES = (
    "test_order_lifecycle.py",
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
        # All at once: the last broker alone could not hand over its partitions.
        stops.callback(lambda: [broker.ask_to_stop() for broker in brokers])
        for broker in brokers:
            broker.await_ready()
        yield ",".join(broker.bootstrap_servers for broker in brokers)


def test_suites_pass_and_their_topics_have_three_replicas(cluster, record_property):
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster, "KAFKA_REPLICATION_FACTOR": "3"}
    report = run_suites(SUITES, environment, SUITE_SECONDS)
    assert asyncio.run(topic_differences(cluster)) == []
    record_property("summary", report.summary)


async def topic_differences(cluster):
    """Return how the topics that the suites used differ from what the settings require."""
    settings = KafkaSettings(kafka_bootstrap_servers=cluster, kafka_replication_factor=3)
    async with connected_admin(client_options(settings), 60) as admin:
        names = {topic.name for topic in TOPICS}
        used = [name for name in await admin.list_topics() if name.rpartition(".")[2] in names]
        assert len(used) >= len(names)
        return await find_mismatches(admin, settings, used)
