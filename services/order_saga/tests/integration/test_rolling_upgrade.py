"""A process of this release and one of the next, side by side in one consumer group.

The next release has one more version of the saga, with a state that this one does not know
(`saga_testing.next_version`).
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import tenacity
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from saga_schemas.topics import TOPICS
from saga_stack.processes.child import Child
from saga_stack.processes.ports import reserve_free_port
from saga_testing.messages import CARD
from saga_testing.next_version import CONFIRMING
from saga_testing.versions import NEWEST
from sqlalchemy import NullPool, create_engine, text

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]

TESTS = Path(__file__).parents[1]
ORDER = {"clerk_user_id": "user_1", "amount": 1299, "description": "Food delivery order"}
PATIENCE_SECONDS = 90
PARTITIONS = 4
NEWER = NEWEST.version + 1
QUICK = {
    "KAFKA_PARTITIONS": str(PARTITIONS),
    "KAFKA_HEARTBEAT_SECONDS": "0.5",
    "KAFKA_METADATA_SECONDS": "0.5",
    "OUTBOX_SWEEP_SECONDS": "0.2",
    "DEFERRED_POLL_SECONDS": "0.2",
}
COMMANDS = ("user_commands", "payment_commands")

until = tenacity.AsyncRetrying(
    stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
    wait=tenacity.wait_fixed(0.1),
    retry=tenacity.retry_if_result(lambda result: not result)
    | tenacity.retry_if_exception_type(httpx.TransportError),
)


class Replica:
    """A process of the service and its HTTP API."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)

    async def start(self) -> None:
        self.child.start()
        await until(self.is_ready)

    async def is_ready(self) -> bool:
        self.child.require_running()
        return (await self.http.get("/readyz")).is_success

    async def stop(self) -> None:
        await asyncio.to_thread(self.child.stop)
        assert self.child.exit_code == 0

    async def place(self) -> str:
        response = await self.http.post("/orders", json=ORDER)
        assert response.status_code == 202, response.text
        return response.json()["id"]

    async def show(self, order_id: str) -> dict:
        response = await self.http.get(f"/orders/{order_id}")
        assert response.status_code == 200, response.text
        return response.json()

    async def stuck(self) -> list[str]:
        response = await self.http.get("/orders", params={"stuck": True, "limit": 100})
        assert response.status_code == 200, response.text
        return [order["id"] for order in response.json()["orders"]]

    async def reach(self, state: str, *order_ids: str) -> None:
        """Wait until the orders are in a state."""

        async def reached() -> bool:
            self.child.require_running()
            return all([(await self.show(each))["state"] == state for each in order_ids])

        await until(reached)


class Participants:
    """The user and the payment service: they answer each command once, unless they are held."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, prefix: str) -> None:
        self._consumer, self._producer, self._prefix = consumer, producer, prefix
        self.answering = asyncio.Event()
        self.answering.set()
        self.waiting: list[str] = []

    async def has_command(self) -> bool:
        """Return whether a command waits to be answered."""
        return bool(self.waiting)

    async def run(self) -> None:
        answered = set()
        async for record in self._consumer:
            command = json.loads(record.value)
            self.waiting.append(command["type"])
            await self.answering.wait()
            self.waiting.clear()
            if command["message_id"] not in answered:
                answered.add(command["message_id"])
                await self._answer(command, record.key)

    async def _answer(self, command: dict, key: bytes) -> None:
        topic, type_, payload = ANSWERS[command["type"]]
        attempt = {"attempt": command["payload"]["attempt"]}
        reply = {
            "type": type_,
            "message_id": str(uuid4()),
            "correlation_id": command["correlation_id"],
            "causation_id": command["message_id"],
            "timestamp": command["timestamp"],
            "payload": payload | attempt,
            "source": SOURCES[topic],
        }
        await self._producer.send_and_wait(self._prefix + topic, json.dumps(reply).encode(), key)


SOURCES = {"user_events": "user-service", "payment_events": "payment-service"}
CUSTOMER = {"clerkUserId": "user_1", "stripeCustomerId": "cus_1", "userStripeCard": CARD}
ANSWERS = {
    "retrieve_payment_info": (
        "user_events",
        "user.payment_info_retrieved",
        {"customer": CUSTOMER, "order": {"amount": 1299, "description": ""}},
    ),
    "authorize_payment": (
        "payment_events",
        "payment.authorized",
        {"payment_intent_id": "pi_1", "amount": 1299},
    ),
    "cancel_payment": (
        "payment_events",
        "payment.canceled",
        {"payment_intent_id": "pi_1", "released": 1299},
    ),
}


@pytest.fixture
def prefix() -> str:
    return f"roll{uuid4().hex[:8]}."


@pytest.fixture
def replica_of(
    kafka_bootstrap, database_url, prefix, tmp_path
) -> Iterator[Callable[[str], Replica]]:
    """Prepare replicas by the module that they run; they end with the test."""
    environment = QUICK | {
        "PYTHONPATH": str(TESTS),
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "KAFKA_TOPIC_PREFIX": prefix,
        "DATABASE_URL": database_url,
    }
    children: list[Child] = []

    def child_of(module: str, *arguments: str, port: int = 1) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        log = tmp_path / f"{module}.log"
        child = Child(module, command, log=log, env=environment | {"HTTP_PORT": str(port)})
        children.append(child)
        return child

    def replica_of(module: str) -> Replica:
        with reserve_free_port() as reserved:
            port = reserved.port
        return Replica(child_of(module, port=port), port)

    migration = child_of("order_saga", "migrate")
    migration.start()
    migration._process.wait(PATIENCE_SECONDS)
    assert migration.exit_code == 0, migration.log_tail()
    yield replica_of
    for child in children:
        child.kill()


@pytest.fixture
async def old(replica_of) -> AsyncIterator[Replica]:
    """A process of this release, ready."""
    async with ready("order_saga", replica_of) as replica:
        yield replica


@pytest.fixture
async def new(old, replica_of) -> AsyncIterator[Replica]:
    """A process of the next release, ready in the same group."""
    async with ready("saga_testing.next_version", replica_of) as replica:
        await until(old.is_ready)
        yield replica


@asynccontextmanager
async def ready(module: str, replica_of) -> AsyncIterator[Replica]:
    replica = replica_of(module)
    await replica.start()
    try:
        yield replica
    finally:
        await replica.http.aclose()
        await asyncio.to_thread(replica.child.stop)


@pytest.fixture
async def participants(kafka_bootstrap, prefix, old) -> AsyncIterator[Participants]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap, fetch_max_wait_ms=50)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, linger_ms=0)
    async with consumer, producer:
        partitions = places(prefix + topic for topic in COMMANDS)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        participants = Participants(consumer, producer, prefix)
        task = asyncio.create_task(participants.run())
        yield participants
        task.cancel()


@pytest.fixture
def number(database_url) -> Iterator[Callable[[str], int]]:
    """Read one number from the database."""
    engine = create_engine(database_url, poolclass=NullPool)

    def number(query: str) -> int:
        with engine.connect() as connection:
            return connection.execute(text(query)).scalar_one()

    yield number
    engine.dispose()


@pytest.fixture
def dead_letters(kafka_bootstrap, prefix):
    """Count the records of all dead-letter topics."""

    async def count() -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap)
        async with consumer:
            dead_letters = places(prefix + topic.dead_letters for topic in TOPICS)
            consumer.assign(dead_letters)
            return sum((await consumer.end_offsets(dead_letters)).values())

    return count


def places(topics) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


def deferred_so_far(number) -> int:
    """How many messages were ever deferred; the next replica takes them at once."""
    return number(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM deferred_messages_id_seq"
    )


async def assert_left_to_newer_replicas(old: Replica, order_id: str) -> None:
    """Whatever is requested of a newer order at an old replica has an answer, and no effect."""
    order = await old.show(order_id)
    assert order["definition_version"] == NEWER
    requests = [
        await old.http.post(f"/orders/{order_id}/cancel", json={}),
        await old.http.get(f"/orders/{order_id}/why"),
    ]
    for response in requests:
        assert response.status_code == 503, response.text
        assert response.headers["Retry-After"] == "1"
        assert f"definition_version: {NEWER}" in response.json()["detail"]


@pytest.mark.usefixtures("participants")
async def test_old_and_new_replicas_side_by_side_finish_every_order(old, new, number, dead_letters):
    newer, current = [], []

    async def place_some() -> bool:
        for _ in range(4):
            newer.append(await new.place())
            current.append(await old.place())
            await assert_left_to_newer_replicas(old, newer[-1])
            page = await old.http.get("/orders", params={"limit": 100})
            assert {newer[-1], current[-1]} <= {order["id"] for order in page.json()["orders"]}
            await old.stuck()
        return deferred_so_far(number) >= 3 and len(newer) >= 12

    await until(place_some)

    await old.reach("authorized", *newer, *current)
    assert deferred_so_far(number) >= 3
    assert number("SELECT count(*) FROM deferred_messages") == 0
    assert await dead_letters() == 0
    assert await old.is_ready()
    assert await new.is_ready()
    assert {(await new.show(each))["definition_version"] for each in current} == {NEWEST.version}
    steps = [entry["note"] for entry in (await new.show(newer[0]))["history"]]
    assert f"-> {CONFIRMING}" in steps

    canceled = await old.http.post(f"/orders/{current[0]}/cancel", json={})
    assert canceled.status_code == 202, canceled.text
    await old.reach("canceled", current[0])


async def test_a_newer_order_outlives_a_roll_back(old, new, participants, number, dead_letters):
    participants.answering.clear()
    order_id = await new.place()
    await until(participants.has_command)
    await new.stop()
    participants.answering.set()

    async def waits() -> bool:
        return deferred_so_far(number) == 1

    await until(waits)

    assert await old.stuck() == [order_id]
    assert number("SELECT count(*) FROM deferred_messages") == 1
    await assert_left_to_newer_replicas(old, order_id)
    current = await old.place()
    await old.reach("authorized", current)
    assert await old.is_ready()

    await new.start()

    await new.reach("authorized", order_id)
    assert await old.stuck() == []
    assert await dead_letters() == 0
    assert await old.is_ready()
