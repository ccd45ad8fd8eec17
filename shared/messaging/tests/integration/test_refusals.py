"""Records that Kafka refuses, and topics that are gone, on a real broker and database."""

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import MessageSizeTooLargeError
from messaging_testing import topics
from messaging_testing.fakes import eventually
from messaging_testing.messages import command, outgoing, record, records
from messaging_testing.service import messaging
from prometheus_client import REGISTRY
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.delivery.outbox import Outbox
from saga_messaging.delivery.parked_records import ParkedRecords
from saga_messaging.delivery.responder import Responder
from saga_messaging.errors import ParkedRecordNotFound
from saga_messaging.http.readiness import outbox_check
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.kafka.refusals import Refusal
from saga_messaging.kafka.topics import create_topics
from saga_schemas.topics import ORDER_EVENTS, USER_COMMANDS, USER_EVENTS
from sqlalchemy import text

pytestmark = pytest.mark.stack

MEBIBYTE = 1024 * 1024


class Relay:
    """An outbox with its own topics; `with_topic` replaces a topic by one with other settings."""

    def __init__(self, settings, database):
        self.settings = settings
        self.database = database
        self.publisher = Publisher(settings)
        self.outbox = Outbox(messaging.outbox, database, self.publisher, settings)
        self.operators = ParkedRecords(self.outbox, 5)
        self.relaying: asyncio.Task | None = None

    async def send(self, *batch):
        stored = await self.database.transaction(lambda c: self.outbox.store(c, batch))
        self.outbox.offer(stored)

    async def rows(self, condition: str) -> set:
        query = text(f"SELECT message_id FROM outbox WHERE {condition}")
        return await self.database.transaction(lambda c: set(c.scalars(query)))

    async def await_rows(self, condition: str, ids, seconds: float = 90) -> None:
        found: set = set()

        async def are_found() -> bool:
            nonlocal found
            if self.relaying and self.relaying.done():
                await self.relaying  # its error is the cause
            found = await self.rows(condition)
            assert found <= ids, f"{condition}: {found - ids}"
            return found == ids

        try:
            async with asyncio.timeout(seconds):
                while not await are_found():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{condition}: {len(found)} of {len(ids)} rows\n{await self.state()}")

    async def state(self) -> str:
        """Describe what the outbox holds, in its table and in memory."""
        columns = "topic, type, key, parked_at, sent_at, claimed_until, now()"
        query = text(f"SELECT {columns} FROM outbox ORDER BY created_at LIMIT 20")
        rows = await self.database.transaction(lambda c: list(c.execute(query)))
        memory = {
            topic: (len(queue.ids), queue.parked, queue.parked_keys)
            for topic, queue in self.outbox._queues.items()
        }
        return "\n".join([*map(str, rows), str(self.outbox.problems), str(memory)])

    async def parked(self, count: int, seconds: float = 90) -> set:
        """Return the parked rows, once there are `count`."""
        async with asyncio.timeout(seconds):
            while len(found := await self.rows("parked_at IS NOT NULL")) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return found

    async def published(self, topic: str):
        name = self.settings.kafka_topic_prefix + topic
        return await topics._read(self.settings.kafka_bootstrap_servers, name, 20)

    async def with_topic(self, topic: str, **config: str) -> None:
        await self.without_topic(topic)
        await self.create_topic(topic, **config)

    async def create_topic(self, topic: str, **config: str) -> None:
        name = self.settings.kafka_topic_prefix + topic
        config = {key.replace("_", "."): value for key, value in config.items()}
        await self._admin(lambda admin: admin.create_topics([_new(name, config)]), name, True)

    async def without_topic(self, topic: str) -> None:
        name = self.settings.kafka_topic_prefix + topic
        await self._admin(lambda admin: admin.delete_topics([name]), name, False)

    async def configure(self, topic: str, **config: str) -> None:
        name = self.settings.kafka_topic_prefix + topic
        config = {key.replace("_", "."): value for key, value in config.items()}
        resource = ConfigResource(ConfigResourceType.TOPIC, name, config)
        await self._admin(lambda admin: admin.alter_configs([resource]), name, True)

    async def await_limit(self, topic: str, size: int) -> None:
        """Return once the topic takes records of this size: a broker applies a change later."""
        name = self.settings.kafka_topic_prefix + topic
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap_servers)
        async with producer, asyncio.timeout(60):
            while True:
                try:
                    await producer.send_and_wait(name, b"v" * size, key=b"probe")
                except MessageSizeTooLargeError:
                    await asyncio.sleep(0.05)
                else:
                    return

    async def _admin(self, change, name: str, exists: bool) -> None:
        options = client_options(self.settings) | {"metadata_max_age_ms": 200}
        async with asyncio.timeout(60), connected_admin(options, 60) as admin:
            await change(admin)
            while (name in await admin.list_topics()) is not exists:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def _new(name: str, config: dict[str, str]) -> NewTopic:
    return NewTopic(name, 2, 1, topic_configs=config)


@pytest.fixture
async def relay(make_settings, kafka_bootstrap, database):
    settings = make_settings(
        kafka_bootstrap_servers=kafka_bootstrap,
        kafka_topic_prefix=f"t{uuid4().hex[:10]}.",
        kafka_partitions=2,
        kafka_request_timeout_seconds=2,
        kafka_metadata_seconds=0.5,
        publish_retry_max_seconds=0.3,
        outbox_lease_seconds=1,
        outbox_sweep_seconds=0.1,
        outbox_parked_limit=3,
    )
    await create_topics(settings)
    relay = Relay(settings, database)
    async with relaying(relay.outbox) as relay.relaying:
        yield relay
    await relay.publisher.close()


@asynccontextmanager
async def relaying(outbox):
    task = asyncio.create_task(outbox.relay())
    yield task
    outbox.stop()
    done, _ = await asyncio.wait([task], timeout=60)
    if done:
        await task
    else:
        task.cancel()


def large(size: int, key: str = "large"):
    (one,) = outgoing(1, key)
    return replace(one, value=b"v" * size)


def on_order_events(count: int, key: str = "order"):
    return [replace(each, topic=ORDER_EVENTS.name) for each in outgoing(count, key)]


def ids(*batch) -> set:
    return {each.message_id for each in batch}


async def readiness(relay) -> str:
    return str(await outbox_check(relay.outbox)())


async def test_a_record_that_is_too_large_is_parked_and_all_others_are_published(relay):
    too_large, others, elsewhere = large(1_500_000), outgoing(5, "other"), on_order_events(3)

    await relay.send(*others[:2], too_large, *others[2:], *elsewhere)

    await relay.await_rows("sent_at IS NOT NULL", ids(*others, *elsewhere))
    await relay.await_rows("parked_at IS NOT NULL", ids(too_large))
    assert {each.value for each in await relay.published(USER_EVENTS.name)} == {
        each.value for each in others
    }
    problem = await readiness(relay)
    assert "user_events: 1 records refused by Kafka are parked" in problem
    (reason,) = await relay.database.transaction(
        lambda c: (
            c.execute(text("SELECT parked_reason FROM outbox WHERE parked_at IS NOT NULL"))
            .scalars()
            .all()
        )
    )
    assert "max.message.bytes" in reason
    parked = REGISTRY.get_sample_value("saga_outbox_parked_records", {"topic": USER_EVENTS.name})
    assert parked == 1


async def test_a_record_without_key_for_a_compacted_topic_is_parked(relay):
    await relay.with_topic(USER_EVENTS.name, cleanup_policy="compact")
    keyed, keyless = outgoing(4, "key"), replace(outgoing(1)[0], key=None)

    await relay.send(*keyed[:2], keyless, *keyed[2:])

    await relay.await_rows("sent_at IS NOT NULL", ids(*keyed))
    await relay.await_rows("parked_at IS NOT NULL", ids(keyless))


async def test_records_behind_a_parked_one_of_their_key_wait_for_it_in_order(relay):
    first, too_large, *behind = [*outgoing(1, "one"), large(1_500_000, "one"), *outgoing(3, "one")]
    other = outgoing(2, "two")

    await relay.send(first, too_large, behind[0], *other)
    await relay.await_rows("parked_at IS NOT NULL", ids(too_large))
    await relay.send(*behind[1:])
    await relay.await_rows("sent_at IS NOT NULL", ids(first, *other))
    await asyncio.sleep(1.5)  # longer than a lease
    await relay.await_rows("sent_at IS NOT NULL", ids(first, *other))

    await relay.operators.drop(too_large.message_id, "ann", "not needed")
    await relay.await_rows("sent_at IS NOT NULL", ids(first, *other, *behind))
    found = [each.value for each in await relay.published(USER_EVENTS.name) if each.key == b"one"]
    assert found == [each.value for each in (first, *behind)]


async def test_small_records_of_a_batch_that_is_refused_are_published_one_by_one(relay):
    small = outgoing(20)
    size = max(len(each.value) for each in small)
    await relay.with_topic(USER_EVENTS.name, max_message_bytes=str(size * 3))
    small = [replace(each, key=str(n).encode()) for n, each in enumerate(small)]

    await relay.send(*small)

    await relay.await_rows("sent_at IS NOT NULL", ids(*small))


async def test_a_deleted_topic_delays_no_other_and_goes_on_when_it_is_back(relay):
    await relay.send(*(before := outgoing(1)))
    await relay.await_rows("sent_at IS NOT NULL", ids(*before))
    await relay.without_topic(USER_EVENTS.name)
    waiting, others = outgoing(5), on_order_events(5)

    await relay.send(*waiting, *others)

    await relay.await_rows("sent_at IS NOT NULL", ids(*before, *others))
    await eventually(lambda: USER_EVENTS.name in relay.outbox.problems, 60)
    assert "user_events: " in await readiness(relay)
    more = on_order_events(1, "later")
    await relay.send(*more)
    await relay.await_rows("sent_at IS NOT NULL", ids(*before, *others, *more))
    assert not await relay.rows("parked_at IS NOT NULL")

    await relay.create_topic(USER_EVENTS.name)

    await relay.await_rows("sent_at IS NOT NULL", ids(*before, *others, *more, *waiting), 60)
    assert [each.value for each in await relay.published(USER_EVENTS.name)] == [
        each.value for each in waiting
    ]
    assert await readiness(relay) == "None"


async def test_at_the_limit_of_parked_records_the_topic_waits_and_others_go_on(relay):
    refused = [large(1_200_000, f"key {n}") for n in range(5)]
    await relay.send(*refused)
    parked = await relay.parked(3)
    others = on_order_events(2)
    await relay.send(*others)

    await relay.await_rows("sent_at IS NOT NULL", ids(*others))
    assert await relay.rows("parked_at IS NOT NULL") == parked
    assert "the limit of 3: the topic waits" in await readiness(relay)

    for message_id in parked:
        await relay.operators.drop(message_id, "ann", "")
    await relay.await_rows("parked_at IS NOT NULL", ids(*refused))


@pytest.mark.timeout(60, method="signal")  # a busy loop would let no other time-out end
async def test_refused_replies_beyond_the_limit_wait_until_the_relay_stops(relay):
    await relay.send(*[large(1_200_000, f"key {n}") for n in range(3)])
    parked = await relay.parked(3)
    reply = large(1_200_000, "reply")
    refused = Refusal(reply, MessageSizeTooLargeError())
    waiting = asyncio.create_task(relay.outbox.park([refused], []))
    done, _ = await asyncio.wait([waiting], timeout=1)
    assert not done
    assert await relay.rows("parked_at IS NOT NULL") == parked

    relay.outbox.stop()

    async with asyncio.timeout(60):
        await waiting
    assert await relay.rows("parked_at IS NOT NULL") == parked | ids(reply)


async def test_a_retried_record_is_published_before_those_behind_it(relay):
    await relay.with_topic(USER_EVENTS.name, max_message_bytes="2000")
    too_large, *behind = [large(4_000, "one"), *outgoing(3, "one")]
    await relay.send(too_large, *behind)
    await relay.await_rows("parked_at IS NOT NULL", ids(too_large))

    page = await relay.operators.newest(20, "large")
    assert page.parked == []
    (listed,) = (await relay.operators.newest(20, too_large.correlation_id)).parked
    assert (listed.message_id, listed.held) == (too_large.message_id, 3)
    assert "max.message.bytes" in listed.reason
    await relay.operators.retry(too_large.message_id, "ann", "still too large")
    await eventually(lambda: not relay.outbox.problems, 60)
    await eventually(lambda: USER_EVENTS.name in relay.outbox.problems, 60)
    await relay.await_rows("parked_at IS NOT NULL", ids(too_large))
    await relay.configure(USER_EVENTS.name, max_message_bytes="1000000")
    await relay.await_limit(USER_EVENTS.name, 5_000)
    await relay.operators.retry(too_large.message_id, "ann", "limit raised")

    await relay.await_rows("sent_at IS NOT NULL", ids(too_large, *behind))
    found = [each for each in await relay.published(USER_EVENTS.name) if each.key == b"one"]
    assert [each.value for each in found] == [each.value for each in (too_large, *behind)]
    with pytest.raises(ParkedRecordNotFound, match="may have been retried"):
        await relay.operators.drop(too_large.message_id, "ann", "")


@pytest.mark.parametrize("limit", [MEBIBYTE, 20_000])
async def test_a_dead_letter_that_is_too_large_is_cut_with_a_digest_and_its_origin(relay, limit):
    await relay.with_topic(USER_COMMANDS.dead_letters, max_message_bytes=str(limit))
    original = record(b"x" * 1_500_000, offset=17)
    dead_letters = DeadLetters("consumer", relay.settings)
    letter = dead_letters.make(USER_COMMANDS, original, "not valid")

    await relay.send(letter)

    await relay.await_rows("sent_at IS NOT NULL", ids(letter))
    (found,) = await relay.published(USER_COMMANDS.dead_letters)
    headers = {name: value.decode() for name, value in found.headers}
    assert 0 < len(found.value) < limit
    assert original.value.startswith(found.value)
    assert headers["dead-letter-cut"] == "the key had 3 bytes, the value 1500000"
    assert headers["dead-letter-sha256"] == hashlib.sha256(original.value).hexdigest()
    assert (headers["dead-letter-topic"], headers["dead-letter-offset"]) == ("user_commands", "17")


async def test_a_reply_that_kafka_refuses_is_parked_and_the_other_replies_are_published(relay):
    await relay.with_topic(USER_EVENTS.name, max_message_bytes="2000")
    requests = [command(f"saga {n}") for n in range(4)]
    (template,) = outgoing(1)

    def reply(_, asked):
        return {each.message_id: reply_to(each) for each in asked}

    def reply_to(request):
        message = USER_EVENTS.adapter.validate_json(template.value)
        failure = {"message": "m" * (4_000 if request.correlation_id == "saga 1" else 5)}
        return message.model_copy(
            update={
                "correlation_id": request.correlation_id,
                "payload": message.payload.model_copy(update=failure),
            }
        )

    responder = Responder(
        topic=USER_COMMANDS,
        handler=reply,
        database=relay.database,
        publisher=relay.publisher,
        outbox=relay.outbox,
        dead_letters=DeadLetters("user-service", relay.settings),
    )
    poison = record(b"poison", offset=9)

    async with asyncio.timeout(60):
        await responder.receive([poison, *records(*requests)])

    found = await relay.published(USER_EVENTS.name)
    assert {each.key.decode() for each in found} == {"saga 0", "saga 2", "saga 3"}
    assert len(await relay.rows("parked_at IS NOT NULL")) == 1
    (letter,) = await relay.rows("type = 'dead-letter'")
    await relay.await_rows("sent_at IS NOT NULL", {letter})
