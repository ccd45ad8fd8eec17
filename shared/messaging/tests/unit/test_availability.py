"""An outage is a time without an answer; after it, the time counts anew."""

import asyncio
import math
import time

import pytest
from aiokafka.errors import KafkaConnectionError
from messaging_testing.messages import command
from saga_messaging.delivery.availability import Availability
from saga_messaging.errors import DatabaseUnavailable
from saga_messaging.kafka.records import Record
from saga_messaging.settings import ServiceSettings

SETTINGS = ServiceSettings(
    database_url="postgresql+psycopg2://nobody@/none",
    http_port=1,
    outage_seconds=0.2,
    outage_poll_seconds=0.01,
)


class Servers:
    """Kafka and PostgreSQL, each of which can be away."""

    kafka: BaseException | None = None
    postgresql: BaseException | None = None

    async def topics(self):
        if self.kafka:
            raise self.kafka

    async def transaction(self, _, **__):
        if self.postgresql:
            raise self.postgresql


@pytest.fixture
async def watched():
    servers = Servers()
    availability = Availability(servers, servers, SETTINGS)
    assert availability.seconds() == math.inf
    task = asyncio.create_task(availability.watch())
    await asyncio.sleep(0.05)
    yield servers, availability
    task.cancel()


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_a_start_counts_as_the_end_of_an_outage(watched):
    _, availability = watched

    assert 0 < availability.seconds() < 10
    assert availability.age(record(80)) < 10


async def test_without_an_outage_the_time_grows(watched):
    _, availability = watched
    before = availability.seconds()

    await until(lambda: availability.seconds() > before + 2 * SETTINGS.outage_seconds)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("kafka", KafkaConnectionError()),
        ("kafka", OSError()),
        ("postgresql", DatabaseUnavailable("away")),
    ],
)
async def test_the_time_is_zero_during_an_outage_and_counts_from_its_end(watched, name, error):
    servers, availability = watched

    setattr(servers, name, error)
    await until(lambda: availability.seconds() == 0)
    assert availability.age(record(80)) == 0
    setattr(servers, name, None)
    await until(lambda: availability.seconds() > 0)

    assert availability.seconds() < 10
    assert availability.age(record(80)) < 10


async def test_the_age_of_a_command_counts_from_its_publication(watched):
    _, availability = watched
    availability._since -= 100  # as if it had started then
    received = command()

    availability.set_ages([(record(20), received)])

    assert 20 <= availability.age(record(20)) < 30
    assert availability.age(record(-20)) == 0
    assert availability.age(Record("t", 0, 0, None, b"")) == 0
    assert received.remaining_seconds is None
    assert 20 <= received._age_seconds < 30


@pytest.mark.parametrize(
    "timestamp",
    [None, -0.001, 0.0, -(2.0**60), 1_795_000.0],
    ids=["none", "Kafka's -1", "zero", "impossible", "seconds as milliseconds"],
)
async def test_a_record_without_a_usable_timestamp_was_published_now(watched, timestamp):
    _, availability = watched
    availability._since -= 100
    received = command()

    availability.set_ages([(Record("t", 0, 0, None, b"", timestamp), received)])

    assert received._age_seconds == 0


def record(age):
    return Record("t", 0, 0, None, b"", time.time() - age)
