"""Retention on a real broker: nothing is forgotten here before Kafka has forgotten it."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import UnknownTopicOrPartitionError
from messaging_testing.service import retention_clock
from saga_messaging.delivery.retention.runner import LOCK, Retention
from saga_messaging.delivery.retention.steps import Cursor, Step, Task
from saga_messaging.delivery.retention.topics import topic_retention_days
from saga_messaging.kafka.access import Access
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.topics import create_topics
from saga_messaging.postgres.database import Database
from saga_messaging.postgres.migrations import upgrade
from saga_messaging.settings import RetentionSettings
from saga_schemas.topics import USER_COMMANDS
from sqlalchemy import text
from structlog.testing import capture_logs

pytestmark = pytest.mark.stack

ACCESS = Access("group", consumes=(USER_COMMANDS,), produces=(), describes=(USER_COMMANDS,))


@pytest.fixture
async def settings(make_settings, kafka_bootstrap, database_url):
    settings = make_settings(
        kafka_bootstrap_servers=kafka_bootstrap,
        kafka_topic_prefix=f"t{uuid4().hex[:10]}.",
        database_url=database_url,
    )
    await create_topics(settings)
    await kept(settings)
    return settings


async def kept(settings):
    """Return how long the topics keep their messages, once the broker knows them."""
    topics = [settings.kafka_topic_prefix + name for name in ACCESS.described]
    async with asyncio.timeout(60):
        while True:
            try:
                return await topic_retention_days(settings, topics)
            except UnknownTopicOrPartitionError:
                await asyncio.sleep(0.1)


@pytest.fixture
def database(settings):
    database = Database.connect(settings)
    yield database
    database.close()


@pytest.fixture
def make_retention(settings, database, database_url):
    """Make a component on a new database; it waits for the clock only if a test says so."""
    upgrade("messaging_testing", database_url)

    def make(tasks, **changes):
        limits = RetentionSettings(
            **{"retention_pause_seconds": 0, "retention_clock_trial_seconds": 0, **changes}
        )
        return Retention(tasks, retention_clock, database, ACCESS, settings, limits)

    return make


@pytest.fixture
def retention(make_retention):
    """Make a pass with a task that removes messages, and one that removes personal data."""
    steps = []

    def step(connection, limit, after):
        steps.append((limit, after))
        return Step(limit, None if after else Cursor(after, "next"))

    tasks = (Task("messages", step), Task("personal_data", step, needs_topics=False))
    component = make_retention(tasks, retention_batch_size=5)
    component.steps = steps
    return component


async def configure(settings, topic, **changes):
    async with connected_admin(client_options(settings), 60) as admin:
        name = settings.kafka_topic_prefix + topic
        values = {key.replace("_", "."): value for key, value in changes.items()}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, values)])
    async with asyncio.timeout(60):
        while set((await kept(settings)).values()) == {7.0}:  # noqa: ASYNC110 - Kafka's state
            await asyncio.sleep(0.1)


async def test_each_task_runs_step_by_step_to_its_end(retention):
    assert await retention.run_once() == {"messages": 10, "personal_data": 10}
    assert [limit for limit, _ in retention.steps] == [5] * 4


@pytest.mark.parametrize(
    ("topic", "change", "days"),
    [
        (USER_COMMANDS.name, {"retention_ms": "-1"}, float("inf")),
        (USER_COMMANDS.dead_letters, {"retention_ms": str(50 * 86_400_000)}, 50),
        (USER_COMMANDS.name, {"cleanup_policy": "compact"}, float("inf")),
    ],
)
async def test_nothing_is_forgotten_while_a_topic_keeps_its_messages_longer(
    retention, settings, topic, change, days
):
    await configure(settings, topic, **change)

    with capture_logs() as logs:
        assert await retention.run_once() == {"personal_data": 10}

    (refused,) = [entry for entry in logs if entry["event"] == "retention_refused"]
    assert refused["topic"] == settings.kafka_topic_prefix + topic
    assert (refused["topic_retention_days"], refused["message_retention_days"]) == (days, 45)


async def test_nothing_is_forgotten_while_kafka_does_not_respond(retention, settings):
    retention._kafka = settings.model_copy(
        update={"kafka_bootstrap_servers": "127.0.0.1:1", "kafka_request_timeout_seconds": 1}
    )

    with capture_logs() as logs:
        assert await retention.run_once() == {"personal_data": 10}

    assert "retention_waits_for_kafka" in [entry["event"] for entry in logs]


async def test_what_the_admin_client_raises_is_not_taken_for_a_topic_that_forgets(
    retention, monkeypatch
):
    async def without_the_entry(*_):
        raise KeyError("retention.ms")

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_configs", without_the_entry)

    with capture_logs() as logs:
        assert await retention.run_once() == {"personal_data": 10}

    (waits,) = [entry for entry in logs if entry["event"] == "retention_waits_for_kafka"]
    assert waits["error"] == "KeyError('retention.ms')"


async def test_a_task_that_fails_is_logged_and_tried_again_and_the_others_run(retention):
    def fail(connection, limit, after):
        if after is None:
            return Step(2, Cursor(None, "next"))
        return connection.execute(text("SELECT 1 / 0"))

    retention._tasks = (Task("broken", fail), *retention._tasks)

    for _ in range(2):
        with capture_logs() as logs:
            changed = await retention.run_once()

        assert changed == {"broken": 2, "messages": 10, "personal_data": 10}
        (failed,) = [entry for entry in logs if entry["event"] == "retention_failed"]
        assert failed["task"] == "broken"


async def test_a_missing_topic_is_not_taken_for_one_that_forgets(settings):
    with pytest.raises(Exception, match="no-such-topic"):
        await topic_retention_days(settings, ["no-such-topic"])


async def test_one_replica_at_a_time_removes(retention, database):
    with database.engine.begin() as other:
        other.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        assert await retention.run_once() == {"messages": 0, "personal_data": 0}

    assert retention.steps == []


async def test_nothing_is_removed_until_the_clock_has_run_evenly(make_retention, database):
    async def move_back(**interval):
        values = ", ".join(f"{name} = {name} - interval '{by}'" for name, by in interval.items())
        statement = text(f"UPDATE retention_clock SET {values}")
        await database.transaction(lambda connection: connection.execute(statement))

    removed = Step(3)
    component = make_retention(
        (Task("personal_data", lambda *_: removed, needs_topics=False),),
        retention_clock_trial_seconds=3_600,
        retention_interval_seconds=1,
    )
    with capture_logs() as logs:
        assert await component.run_once() == {}  # a new database
        assert await component.run_once() == {}
        await move_back(seen_at="30 minutes", trusted_from="59 minutes")
        assert await component.run_once() == {}
        await move_back(trusted_from="2 minutes")
        assert await component.run_once() == {"personal_data": 3}
        await move_back(seen_at="3 years")  # as if the clock had jumped ahead
        assert await component.run_once() == {}
        await move_back(trusted_from="61 minutes", seen_at="61 minutes")
        assert await component.run_once() == {}
        await move_back(trusted_from="61 minutes")
        assert await component.run_once() == {"personal_data": 3}
        await move_back(seen_at="-1 day")  # as if it had jumped back
        assert await component.run_once() == {}
    assert {log["event"] for log in logs} == {"retention_waits_for_clock", "retention_completed"}
