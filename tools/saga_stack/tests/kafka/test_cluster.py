import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition
from saga_stack.errors import PortTakenError, StackError
from saga_stack.kafka.cluster import brokers_of
from saga_stack.kafka.config import server_properties
from saga_stack.processes.ports import reserve_free_port

TOPIC = "t"


def properties(tmp_path: Path, controllers: dict[int, int]) -> dict[str, str]:
    lines = server_properties(tmp_path, 20001, 1, controllers).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_three_nodes_vote_and_keep_offsets_on_all_of_them(tmp_path):
    told = properties(tmp_path, {1: 30001, 2: 30002, 3: 30003})
    voters = "1@127.0.0.1:30001,2@127.0.0.1:30002,3@127.0.0.1:30003"
    assert told["controller.quorum.voters"] == voters
    assert told["offsets.topic.replication.factor"] == "3"
    assert told["min.insync.replicas"] == "2"


def test_five_nodes_vote_and_three_of_them_keep_offsets(tmp_path):
    told = properties(tmp_path, {number: 30000 + number for number in range(1, 6)})
    assert told["offsets.topic.replication.factor"] == "3"


def test_one_node_is_all_there_is(tmp_path):
    told = properties(tmp_path, {1: 30001})
    assert told["controller.quorum.voters"] == "1@127.0.0.1:30001"
    assert told["offsets.topic.replication.factor"] == told["min.insync.replicas"] == "1"


def test_the_port_is_that_of_the_first_and_the_others_have_those_after_it(tmp_path):
    with ExitStack() as stops:
        with reserve_free_port() as free:
            first = free.port
        brokers = brokers_of(tmp_path, 3, first)
        for broker in brokers.values():
            stops.callback(broker.stop)
        assert {name: broker.port - first for name, broker in brokers.items()} == {
            "kafka-1": 0,
            "kafka-2": 1,
            "kafka-3": 2,
        }


def test_when_a_port_of_one_is_taken_those_of_the_others_are_given_up(tmp_path):
    with reserve_free_port() as taken:
        first = taken.port - 1
        with pytest.raises(PortTakenError, match=f"{taken.port}, meant for Kafka"):
            brokers_of(tmp_path, 3, first)
    alone = brokers_of(tmp_path, 1, first)["kafka"]
    alone.stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("made_with", "asked"), [(1, 3), (3, 1), (3, 5)])
def test_a_folder_made_with_another_number_of_brokers_is_refused(tmp_path, made_with, asked):
    if made_with == 1:
        (tmp_path / "log").mkdir()
    else:
        (tmp_path / "node-1" / "log").mkdir(parents=True)
        remembered = {"brokers": made_with, "cluster_id": "x"}
        (tmp_path / "cluster.json").write_text(json.dumps(remembered))
    with pytest.raises(StackError, match=f"made with --brokers {made_with}, not {asked}") as caught:
        brokers_of(tmp_path, asked, None)
    assert "--fresh" in caught.value.cure


def test_a_start_that_failed_before_any_log_was_made_binds_nobody(tmp_path):
    (tmp_path / "cluster.json").write_text('{"brokers": 3, "clus')
    brokers_of(tmp_path, 1, None)["kafka"].stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="saga-cluster-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(folder):
    with ExitStack() as stops:

        def start():
            brokers = brokers_of(folder, 3, None)
            for broker in brokers.values():
                stops.callback(broker.stop)
                broker.launch()
            # All at once: the last one alone would wait for a controller to let it go.
            stops.callback(lambda: [broker.ask_to_stop() for broker in brokers.values()])
            for broker in brokers.values():
                broker.await_ready()
            return brokers

        yield start


async def create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 3)])
    await admin.close()


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
async def test_a_cluster_goes_on_without_a_broker_that_was_killed_and_its_folder_is_used_again(
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
