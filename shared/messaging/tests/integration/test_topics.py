"""Topics and the publisher on a real broker."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from messaging_testing import topics
from messaging_testing.messages import outgoing
from saga_messaging.kafka.access import Access
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import MAX_RECORD_BYTES, client_options
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.topic_check import check_topics
from saga_messaging.kafka.topic_config import warn_of_mismatches
from saga_messaging.kafka.topics import create_topics
from saga_messaging.process import command
from saga_messaging.settings import ServiceSettings
from saga_schemas.topics import TOPICS, USER_COMMANDS, USER_EVENTS
from structlog.testing import capture_logs

pytestmark = pytest.mark.stack


@pytest.fixture
def settings_for(make_settings: Callable[..., ServiceSettings], kafka_bootstrap: str):
    def make(**changes) -> ServiceSettings:
        defaults = {
            "kafka_bootstrap_servers": kafka_bootstrap,
            "kafka_topic_prefix": f"t{uuid4().hex[:10]}.",
            "kafka_partitions": 3,
            "kafka_request_timeout_seconds": 2,
        }
        return make_settings(**{**defaults, **changes})

    return make


NAMES = {name for topic in TOPICS for name in (topic.name, topic.dead_letters)}


@asynccontextmanager
async def administering(settings: ServiceSettings):
    async with connected_admin(client_options(settings), 60) as admin:
        yield admin


async def described(settings: ServiceSettings) -> dict[str, int]:
    """Return the partitions of each topic, once the broker shows all of them."""
    prefix = settings.kafka_topic_prefix
    async with administering(settings) as admin, asyncio.timeout(60):
        while True:
            every = await admin.describe_topics()
            ours = {each["topic"].removeprefix(prefix): len(each["partitions"]) for each in every}
            if ours.keys() >= NAMES and prefix + USER_COMMANDS.name in await admin.list_topics():
                return {name: ours[name] for name in NAMES}


async def configured(settings: ServiceSettings, topic: str, setting: str) -> str:
    name = settings.kafka_topic_prefix + topic
    resource = ConfigResource(ConfigResourceType.TOPIC, name, {setting: None})
    await described(settings)
    async with administering(settings) as admin:
        (answer,) = await admin.describe_configs([resource])
    return answer.resources[0][4][0][1]


async def largest_record(settings: ServiceSettings, topic: str) -> int:
    return int(await configured(settings, topic, "max.message.bytes"))


async def test_every_topic_and_dead_letter_topic_has_the_configured_partitions(settings_for):
    settings = settings_for()
    await create_topics(settings)
    assert await described(settings) == dict.fromkeys(NAMES, 3)


async def test_creating_topics_again_changes_nothing(settings_for):
    settings = settings_for()
    await create_topics(settings)
    await create_topics(settings.model_copy(update={"kafka_partitions": 5}))
    assert set((await described(settings)).values()) == {3}


async def test_a_dead_letter_topic_accepts_larger_records_than_its_topic(settings_for):
    settings = settings_for()
    await create_topics(settings)
    assert await largest_record(settings, USER_COMMANDS.dead_letters) == MAX_RECORD_BYTES
    assert await largest_record(settings, USER_COMMANDS.name) < MAX_RECORD_BYTES


@pytest.mark.parametrize("topic", [USER_COMMANDS.name, USER_COMMANDS.dead_letters])
async def test_a_replica_that_lacks_records_cannot_become_leader(settings_for, topic):
    settings = settings_for()
    await create_topics(settings)
    assert await configured(settings, topic, "unclean.leader.election.enable") == "false"
    assert await configured(settings, topic, "min.insync.replicas") == "1"


async def test_each_mismatch_of_an_existing_topic_is_logged(settings_for):
    settings = settings_for()
    await create_topics(settings)
    await described(settings)
    grown = settings.model_copy(
        update={"kafka_partitions": 5, "kafka_replication_factor": 3},
    )
    with capture_logs() as logs:
        await create_topics(grown)
    name = settings.kafka_topic_prefix + USER_COMMANDS.dead_letters
    logged = {
        entry["setting"]: (entry["wanted"], entry["found"])
        for entry in logs
        if entry["event"] == "topic_config_mismatch" and entry["topic"] == name
    }
    assert logged == {
        "KAFKA_PARTITIONS": ("5", "3"),
        "KAFKA_REPLICATION_FACTOR": ("3", "1"),
        "KAFKA_MIN_INSYNC_REPLICAS": ("2", "1"),
    }


async def test_matching_topics_cause_no_warning(settings_for):
    settings = settings_for()
    await create_topics(settings)
    await described(settings)
    with capture_logs() as logs:
        await create_topics(settings)
    assert logs == []


HOSTILE = {
    "cleanup.policy": ("delete", "compact"),
    "compression.type": ("producer", "lz4"),
    "max.message.bytes": ("at least 1048588", "1000"),
    "retention.ms": ("at least 604800000", "60000"),
    "retention.bytes": ("-1", "1000000"),
}


async def test_the_start_warns_of_missing_topics_and_of_settings_that_lose_records(settings_for):
    settings = settings_for()
    prefix = settings.kafka_topic_prefix
    config = {name: found for name, (_, found) in HOSTILE.items()}
    async with administering(settings) as admin:
        await admin.create_topics([NewTopic(prefix + USER_EVENTS.name, 3, 1, topic_configs=config)])
        async with asyncio.timeout(60):
            while prefix + USER_EVENTS.name not in await admin.list_topics():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    with capture_logs() as logs:
        await check_topics(settings, Access("g", (USER_COMMANDS,), (USER_EVENTS,)))
    missing = {entry["topic"] for entry in logs if entry["event"] == "topic_missing"}
    assert missing == {prefix + USER_COMMANDS.name, prefix + USER_COMMANDS.dead_letters}
    found = {
        entry["setting"]: (entry["wanted"], entry["found"])
        for entry in logs
        if entry["event"] == "topic_config_mismatch"
    }
    assert found == HOSTILE
    with capture_logs() as logs:
        await create_topics(settings)  # as `migrate` does
    assert {e["setting"] for e in logs if e["event"] == "topic_config_mismatch"} == set(HOSTILE)


async def test_an_unreadable_topic_configuration_does_not_prevent_the_start(
    settings_for, own_kafka
):
    settings = settings_for(kafka_bootstrap_servers=own_kafka.bootstrap_servers)
    async with administering(settings) as admin:
        await asyncio.to_thread(own_kafka.kill)
        with capture_logs() as logs:
            await warn_of_mismatches(admin, settings, ["t"])
    await asyncio.to_thread(own_kafka.start)
    assert [entry["event"] for entry in logs] == ["topic_config_unavailable"]


async def test_a_topic_that_the_broker_refuses_is_named_in_the_error(settings_for):
    with pytest.raises(KafkaError, match="user_commands was not created"):
        await create_topics(settings_for(kafka_replication_factor=2))


async def test_migrate_without_kafka_names_the_address(make_settings):
    settings = make_settings(kafka_bootstrap_servers="127.0.0.1:1", migration_kafka_seconds=0.3)
    with pytest.raises(SystemExit, match=r"topics not created by Kafka at 127\.0\.0\.1:1: Kafka"):
        await command._create_topics("user_service", settings)


async def test_published_records_are_in_kafka_in_order_with_key_and_headers(
    settings_for,
):
    settings = settings_for()
    await create_topics(settings)
    publisher = Publisher(settings)
    records = [replace(each, headers={"h": f"{n}ä"}) for n, each in enumerate(outgoing(2_000))]
    await asyncio.gather(publisher.publish(records[:999]), publisher.publish(records[999:]))
    await publisher.close()
    name = settings.kafka_topic_prefix + USER_EVENTS.name
    found = await topics._read(settings.kafka_bootstrap_servers, name, 20)
    assert [each.value for each in found] == [each.value for each in records]
    assert {each.key for each in found} == {b"saga"}
    assert found[7].headers == (("h", "7ä".encode()),)


async def test_the_publisher_waits_for_a_missing_topic(settings_for):
    settings = settings_for(kafka_request_timeout_seconds=0.5, publish_retry_max_seconds=0.1)
    publisher = Publisher(settings)
    publishing = asyncio.create_task(publisher.publish(outgoing(3)))
    assert not any(
        each.startswith(settings.kafka_topic_prefix) for each in await publisher.topics()
    )
    await create_topics(settings)
    await asyncio.wait_for(publishing, 20)
    await publisher.close()


async def test_listing_topics_raises_if_no_broker_responds(make_settings):
    publisher = Publisher(make_settings(kafka_bootstrap_servers="127.0.0.1:1"))
    with pytest.raises(KafkaError):
        await publisher.topics()
    await publisher.close()
