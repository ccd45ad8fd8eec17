import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.structs import TopicPartition
from saga_messaging.kafka.admin import connected_admin
from saga_stack.errors import PortTakenError, StackError
from saga_stack.kafka.cluster import create_brokers
from saga_stack.kafka.config import server_properties
from saga_stack.processes.ports import reserve_free_port

pytestmark = pytest.mark.stack

TOPIC = "t"


def properties(tmp_path: Path, controllers: dict[int, int]) -> dict[str, str]:
    lines = server_properties(tmp_path, 20001, 1, controllers).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_three_nodes_vote_and_replicate_offsets(tmp_path):
    node = properties(tmp_path, {1: 30001, 2: 30002, 3: 30003})
    voters = "1@127.0.0.1:30001,2@127.0.0.1:30002,3@127.0.0.1:30003"
    assert node["controller.quorum.voters"] == voters
    assert node["offsets.topic.replication.factor"] == "3"
    assert node["min.insync.replicas"] == "2"


def test_five_nodes_vote_and_three_replicate_offsets(tmp_path):
    node = properties(tmp_path, {number: 30000 + number for number in range(1, 6)})
    assert node["offsets.topic.replication.factor"] == "3"


def test_a_single_node_votes_alone(tmp_path):
    node = properties(tmp_path, {1: 30001})
    assert node["controller.quorum.voters"] == "1@127.0.0.1:30001"
    assert node["offsets.topic.replication.factor"] == node["min.insync.replicas"] == "1"


def test_the_brokers_have_consecutive_ports(tmp_path):
    with ExitStack() as stops:
        with reserve_free_port() as free:
            first = free.port
        brokers = create_brokers(tmp_path, 3, first)
        for broker in brokers.values():
            stops.callback(broker.stop)
        assert {name: broker.port - first for name, broker in brokers.items()} == {
            "kafka-1": 0,
            "kafka-2": 1,
            "kafka-3": 2,
        }


def test_if_a_port_is_taken_the_other_ports_are_released(tmp_path):
    with reserve_free_port() as taken:
        first = taken.port - 1
        with pytest.raises(PortTakenError, match=f"{taken.port} for Kafka"):
            create_brokers(tmp_path, 3, first)
    alone = create_brokers(tmp_path, 1, first)["kafka"]
    alone.stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("created_with", "requested"), [(1, 3), (3, 1), (3, 5)])
def test_a_folder_of_another_number_of_brokers_is_refused(tmp_path, created_with, requested):
    if created_with == 1:
        (tmp_path / "log").mkdir()
    else:
        (tmp_path / "node-1" / "log").mkdir(parents=True)
        stored = {"brokers": created_with, "cluster_id": "x"}
        (tmp_path / "cluster.json").write_text(json.dumps(stored))
    with pytest.raises(
        StackError, match=f"created with --brokers {created_with}, not {requested}"
    ) as caught:
        create_brokers(tmp_path, requested, None)
    assert "--fresh" in caught.value.cure


def test_a_folder_without_any_log_can_be_reused(tmp_path):
    (tmp_path / "cluster.json").write_text('{"brokers": 3, "clus')
    create_brokers(tmp_path, 1, None)["kafka"].stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="saga-cluster-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(folder):
    with ExitStack() as stops:

        def start():
            brokers = create_brokers(folder, 3, None)
            for broker in brokers.values():
                stops.callback(broker.stop)
                broker.launch()
            # All at once: a last node would wait for a controller to release it.
            stops.callback(lambda: [broker.ask_to_stop() for broker in brokers.values()])
            for broker in brokers.values():
                broker.await_ready()
            return brokers

        yield start


async def create_topic(bootstrap: str) -> None:
    async with connected_admin({"bootstrap_servers": bootstrap}, 60) as admin:
        await admin.create_topics([NewTopic(TOPIC, 1, 3)])


async def produce(bootstrap: str, numbers: range) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    async with producer:
        await asyncio.gather(
            *[producer.send_and_wait(TOPIC, str(number).encode()) for number in numbers]
        )


async def consume(bootstrap: str, count: int) -> list[int]:
    seen: list[int] = []
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(60):
        consumer.assign([TopicPartition(TOPIC, 0)])
        while len(seen) < count:
            seen.append(int((await consumer.getone()).value))
    return seen


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_cluster_survives_a_killed_broker_and_its_folder_can_be_reused(
    cluster,
):
    brokers = await asyncio.to_thread(cluster)
    bootstrap = ",".join(broker.bootstrap_servers for broker in brokers.values())
    await create_topic(bootstrap)
    await produce(bootstrap, range(100))
    brokers["kafka-1"].kill()
    await produce(bootstrap, range(100, 200))
    brokers["kafka-1"].start()
    for broker in brokers.values():
        broker.ask_to_stop()
    for broker in brokers.values():
        broker.stop()
    again = await asyncio.to_thread(cluster)
    bootstrap = again["kafka-2"].bootstrap_servers
    assert await consume(bootstrap, 200) == list(range(200))
