"""Settings of the Kafka clients that lossless messaging depends on."""

import asyncio
import inspect
import re
import ssl

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from saga_messaging.kafka import fetcher, producer
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.consumer import consume
from saga_messaging.kafka.faust_app import faust_app
from saga_schemas.topics import USER_COMMANDS

CREDENTIALS = {"kafka_username": "saga", "kafka_password": "secret"}


async def receive(_):
    raise AssertionError


@pytest.fixture
def app_with(make_settings):
    def make(**changes) -> faust.App:
        settings = make_settings(kafka_topic_prefix="p.", **changes)
        app = faust_app("service", settings)
        consume(app, USER_COMMANDS, receive, settings)
        return app

    return make


async def consumer_of(app: faust.App) -> AIOKafkaConsumer:
    """Build the consumer as Faust does, without starting it."""
    thread = app.consumer._thread
    consumer = thread._create_consumer(asyncio.get_running_loop())
    await consumer.stop()
    thread.thread_loop.close()
    return consumer


async def test_the_broker_holds_an_empty_fetch_for_the_configured_time(app_with):
    consumer = await consumer_of(app_with(kafka_fetch_wait_ms=77))
    assert consumer._fetch_max_wait_ms == 77


async def test_faust_itself_still_hard_codes_the_fetch_wait():
    source = inspect.getsource(AIOKafkaConsumerThread._create_worker_consumer)
    assert "fetch_max_wait_ms=1500" in source, "our subclass may no longer be needed"


async def test_the_session_timeout_and_heartbeat_are_as_configured(app_with):
    changes = {"kafka_session_timeout_seconds": 7, "kafka_heartbeat_seconds": 2}
    consumer = await consumer_of(app_with(**changes))
    assert (consumer._session_timeout_ms, consumer._heartbeat_interval_ms) == (7_000, 2_000)


async def test_the_consumer_does_not_commit_by_itself(app_with):
    consumer = await consumer_of(app_with())
    assert not consumer._enable_auto_commit
    assert consumer._auto_offset_reset == "earliest"
    assert consumer._group_id == "p.service"


async def test_the_consumer_reads_committed_messages_with_our_own_fetcher(app_with):
    app = app_with(kafka_max_batch_bytes=7)
    consumer = await consumer_of(app)
    assert consumer._isolation_level == "read_committed"
    source = inspect.getsource(AIOKafkaConsumer.start)
    options = {name.removeprefix("self._") for name in re.findall(r"self\._\w+", source)}
    assert set(fetcher._OPTIONS) <= options, "aiokafka passes other options to its fetcher"


async def test_agents_consume_raw_bytes_without_concurrency(app_with):
    app = app_with()
    (agent,) = app.agents.values()
    topic = agent.channel
    assert topic.get_topic_name() == "p.user_commands"
    assert (topic.key_type, topic.value_type) == (bytes, bytes)
    assert (topic.key_serializer, topic.value_serializer) == ("raw", "raw")
    assert agent.concurrency == 1
    assert inspect.iscoroutinefunction(agent.fun)


async def test_faust_serves_no_web_pages_creates_no_topics_and_waits_for_its_batch(app_with):
    conf = app_with().conf
    assert not conf.web_enabled
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert conf.stream_wait_empty


async def test_without_credentials_clients_use_plaintext(make_settings, app_with):
    assert client_options(make_settings()) == {"bootstrap_servers": "127.0.0.1:9092"}
    consumer = await consumer_of(app_with())
    assert consumer._client._security_protocol == "PLAINTEXT"


async def test_with_credentials_every_client_uses_scram_sha_512_over_tls(make_settings, app_with):
    options = client_options(make_settings(**CREDENTIALS))
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("saga", "secret")
    client = (await consumer_of(app_with(**CREDENTIALS)))._client
    assert client._security_protocol == "SASL_SSL"
    assert client._sasl_mechanism == "SCRAM-SHA-512"
    assert (client._sasl_plain_username, client._sasl_plain_password) == ("saga", "secret")
    for context in (options["ssl_context"], client._ssl_context):
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname


async def test_all_bootstrap_servers_are_used(app_with):
    consumer = await consumer_of(app_with(kafka_bootstrap_servers="127.0.0.1:1, 127.0.0.1:2"))
    assert sorted(port for _, port, _ in consumer._client.hosts) == [1, 2]


async def test_the_producer_is_idempotent_and_waits_for_all_replicas(make_settings, monkeypatch):
    built = {}

    class Producer(AIOKafkaProducer):
        def __init__(self, **options) -> None:
            built.update(options)
            super().__init__(**options)

        async def start(self) -> None:
            pass

    monkeypatch.setattr(producer, "AIOKafkaProducer", Producer)
    settings = make_settings(kafka_request_timeout_seconds=3, kafka_metadata_seconds=4)
    sending = producer.ReplaceableProducer(settings)
    await sending.connected()
    await sending.close()
    assert built["acks"] == "all"
    assert built["enable_idempotence"]
    assert built["request_timeout_ms"] == 3_000
    assert built["metadata_max_age_ms"] == 4_000
