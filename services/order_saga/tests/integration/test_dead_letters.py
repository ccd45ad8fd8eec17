"""Dead letters over HTTP, and in the explanation of an order, with a real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import tenacity
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.producer import message_accumulator
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.records import Record
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings, MessagingSettings
from saga_schemas.topics import PAYMENT_COMMANDS, PAYMENT_EVENTS
from saga_testing.lost_commits import LosesConnectionAfterCommit

pytestmark = pytest.mark.stack

TIMEOUT_SECONDS = 60
REASON = "payload.amount: Input should be a valid integer"
PARTITIONS = 3
until = tenacity.AsyncRetrying(
    stop=tenacity.stop_after_delay(TIMEOUT_SECONDS),
    wait=tenacity.wait_fixed(0.05),
    retry=tenacity.retry_if_result(lambda result: not result),
)


@pytest.fixture
async def kafka(kafka_bootstrap) -> dict[str, object]:
    """Create the topics of a separate system on the shared Kafka; return its settings."""
    settings = {
        "kafka_bootstrap_servers": kafka_bootstrap,
        "kafka_topic_prefix": f"test-{uuid4().hex}-",
        "kafka_partitions": PARTITIONS,
        "kafka_look_seconds": TIMEOUT_SECONDS,
    }
    await create_topics(KafkaSettings(**{k: v for k, v in settings.items() if k[6:10] != "look"}))
    return settings


@pytest.fixture
async def orders(replica_with, kafka) -> AsyncIterator:
    replica = replica_with(**kafka)
    relay = asyncio.create_task(replica.outbox.relay())
    yield replica
    replica.outbox.stop()
    await relay
    await replica.publisher.close()


@pytest.fixture
async def producer(kafka):
    servers = kafka["kafka_bootstrap_servers"]
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=2_000_000)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def put_dead_letter(kafka, producer):
    """Publish a dead letter as the payment service does; return its path in the API."""
    settings = MessagingSettings(database_url="postgresql+psycopg2://nobody@/none")
    dead_letters = DeadLetters("payment-service", settings)

    async def put(value: bytes, key: bytes | None = None, topic=PAYMENT_COMMANDS, **changes):
        prefix = kafka["kafka_topic_prefix"]
        record = Record(prefix + topic.name, 2, 17, key, value)
        made = dead_letters.make(topic, record, REASON)
        headers = {**made.headers, **changes.get("headers", {})}
        sent = await producer.send_and_wait(
            prefix + made.topic,
            made.value,
            made.key,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        return f"/dead-letters/{made.topic}/{sent.partition}/{sent.offset}"

    return put


@pytest.fixture
def recreate(kafka):
    """Delete a topic and create it again, with the same partitions."""

    async def run(topic: str) -> None:
        name = kafka["kafka_topic_prefix"] + topic
        options = {"bootstrap_servers": kafka["kafka_bootstrap_servers"]}
        async with asyncio.timeout(60), connected_admin(options, 60) as admin:
            (described,) = await admin.describe_topics([name])
            await admin.delete_topics([name])
            while name in await admin.list_topics():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await admin.create_topics([NewTopic(name, len(described["partitions"]), 1)])
            while name not in await admin.list_topics():  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    return run


@asynccontextmanager
async def reading(kafka, group: str, topic: str):
    """Join a group with a consumer of a topic that can commit."""
    prefix = kafka["kafka_topic_prefix"]
    consumer = AIOKafkaConsumer(
        prefix + topic,
        group_id=prefix + group,
        bootstrap_servers=kafka["kafka_bootstrap_servers"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def first_record(kafka, topic: str):
    async with asyncio.timeout(TIMEOUT_SECONDS), reading(kafka, uuid4().hex, topic) as consumer:
        return await consumer.getone()


async def explanation(replica, order_id):
    response = await replica.http.get(f"/orders/{order_id}/why")
    assert response.status_code == 200, response.text
    return response.json()


async def waiting_for_payment(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    await orders.receive(*new_messages(order_id).replies_until("authorizing"))

    async def all_published():
        history = (await orders.show(order_id))["history"]
        return all(line["sent_at"] for line in history if line["direction"] == "out")

    assert await until(all_published)
    return order_id


async def test_explanation_names_the_stopped_payment_service_and_its_lag(
    orders, kafka, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)

    explained = await explanation(orders, order_id)

    payment, _ = explained["consumers"]
    assert (payment["group"], payment["behind"], payment["members"]) == ("payment-service", 1, 0)
    place = f"payment_commands[{payment['partition']}]"
    assert f"payment-service has 1 unread message on {place} and is not running" in explained["why"]
    assert "waits for payment-service to reply to authorize_payment (try 1 of 1" in explained["why"]
    assert "its command was sent at" in explained["why"]
    assert "no dead letters were found" in explained["why"]
    assert explained["why"].count(". ") == 0
    command = await first_record(kafka, "payment_commands")
    assert (command.partition, command.key.decode()) == (payment["partition"], order_id)


async def test_explanation_reports_a_running_payment_service_without_lag(
    orders, kafka, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)

    async with reading(kafka, "payment-service", "payment_commands") as consumer:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await consumer.getone()
        await consumer.commit()
        explained = await explanation(orders, order_id)

    payment, own = explained["consumers"]
    assert (payment["behind"], payment["members"]) == (0, 1)
    assert "payment-service has no unread messages on payment_commands" in explained["why"]
    assert (own["group"], own["topic"]) == ("order-saga", "payment_events")


async def test_explanation_names_a_dead_letter_of_the_order_until_it_is_handled(
    orders, put_dead_letter, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)
    path = await put_dead_letter(b"{}", order_id.encode())

    explained = await explanation(orders, order_id)
    assert path.removeprefix("/dead-letters/") in explained["why"]
    assert REASON in explained["why"]

    assert (await orders.http.post(f"{path}/drop")).status_code == 200
    assert (await explanation(orders, order_id))["dead_letters"] == []


async def test_dead_letters_are_listed_newest_first_with_their_origin(orders, put_dead_letter):
    paths = [await put_dead_letter(f"value {number}".encode(), b"key") for number in range(3)]
    other = await put_dead_letter(b"\xff", topic=PAYMENT_EVENTS)

    page = (await orders.http.get("/dead-letters")).json()

    listed = [
        "/dead-letters/{topic}/{partition}/{offset}".format(**each) for each in page["dead_letters"]
    ]
    assert listed == [other, *reversed(paths)]
    assert page["whole"] is True
    oldest = page["dead_letters"][-1]
    assert (oldest["came_from"], oldest["consumer"]) == (
        "payment_commands[2]@17",
        "payment-service",
    )
    assert (oldest["reason"], oldest["preview"]) == (REASON, "value 0")
    one = (await orders.http.get("/dead-letters", params={"limit": 1})).json()
    assert ([each["offset"] for each in one["dead_letters"]], one["whole"]) == ([0], False)


async def test_list_beyond_the_scan_limit_has_the_newest_and_is_marked_incomplete(
    replica_with, kafka, put_dead_letter
):
    for number in range(5):
        await put_dead_letter(str(number).encode(), b"one key")
    replica = replica_with(**kafka, dead_letter_scan_limit=2)

    page = (await replica.http.get("/dead-letters")).json()

    assert [each["preview"] for each in page["dead_letters"]] == ["4", "3"]
    assert page["whole"] is False


async def test_binary_dead_letter_is_shown_as_base64(orders, put_dead_letter):
    path = await put_dead_letter(b"\xff\x00")

    shown = (await orders.http.get(path)).json()

    assert (shown["value"], shown["value_base64"], shown["key"]) == (None, "/wA=", None)
    assert shown["headers"]["dead-letter-reason"] == REASON


async def test_replay_publishes_the_raw_value_with_its_key_once_and_is_in_the_history(
    orders, kafka, put_dead_letter, new_messages
):
    order_id = (await orders.place()).json()["id"]
    path = await put_dead_letter(b'{"broken": ', order_id.encode())

    response = await orders.http.post(f"{path}/replay", json={"by": "ann", "note": "fixed"})

    assert response.status_code == 200
    (done,) = response.json()["dealt_with"]
    assert (done["action"], done["by"], done["note"]) == ("replay", "ann", "fixed")
    replayed = await first_record(kafka, "payment_commands")
    assert (replayed.key.decode(), replayed.value) == (order_id, b'{"broken": ')
    name = path.removeprefix("/dead-letters/")
    assert dict(replayed.headers)["replay-of"].decode() == name
    notes = [line["note"] for line in (await orders.show(order_id))["history"]]
    assert f"{name} replayed (by ann: fixed)" in notes
    assert "to payment_commands" in notes

    twice = await orders.http.post(f"{path}/replay")
    assert (twice.status_code, twice.headers["content-type"]) == (409, "application/problem+json")
    assert "replayed by ann" in twice.json()["detail"]
    again = await orders.http.post(f"{path}/replay", json={"again": True})
    assert len(again.json()["dealt_with"]) == 2


async def test_one_of_several_concurrent_replays_is_published(
    orders, replica_with, kafka, put_dead_letter
):
    path = await put_dead_letter(b"{}", b"key")
    others = [replica_with(**kafka) for _ in range(2)]

    responses = await asyncio.gather(
        *(each.http.post(f"{path}/replay") for each in (orders, *others, orders))
    )

    assert sorted(response.status_code for response in responses) == [200, 409, 409, 409]
    (row,) = await orders.rows("SELECT count(*) FROM outbox WHERE type = 'dead_letter_replay'")
    assert row[0] == 1


async def test_dropped_dead_letter_is_listed_only_with_all(orders, put_dead_letter):
    path = await put_dead_letter(b"{}")

    assert (await orders.http.post(f"{path}/drop", json={"by": "ann"})).status_code == 200

    assert (await orders.http.get("/dead-letters")).json()["dead_letters"] == []
    page = (await orders.http.get("/dead-letters", params={"all": True})).json()
    assert [each["dealt_with"][0]["action"] for each in page["dead_letters"]] == ["drop"]
    assert (await orders.http.post(f"{path}/drop")).status_code == 409


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"dead-letter-topic": "topic_of_another_system"}, "does not name the topic"),
        ({"dead-letter-topic": "payment_commands.dlq"}, "does not name the topic"),
        ({"dead-letter-topic": "user_commands"}, "does not name the topic"),
        ({"dead-letter-cut": "the key had 70000 bytes"}, "the key had 70000 bytes"),
    ],
)
async def test_truncated_dead_letter_or_one_with_an_invalid_origin_is_not_replayed(
    orders, put_dead_letter, headers, detail
):
    path = await put_dead_letter(b"{}", headers=headers)

    response = await orders.http.post(f"{path}/replay")

    assert response.status_code == 409
    assert detail in response.json()["detail"]
    assert await orders.rows("SELECT 1 FROM dead_letter_actions") == []


@pytest.mark.parametrize(
    "position",
    ["payment_commands.dlq/0/0", "payment_commands.dlq/99/0", "payment_commands/0/0", "x/0/0"],
)
async def test_missing_dead_letter_is_not_found(orders, position):
    assert (await orders.http.get(f"/dead-letters/{position}")).status_code == 404
    assert (await orders.http.post(f"/dead-letters/{position}/replay")).status_code == 404


async def test_list_without_kafka_responds_503(replica_with):
    replica = replica_with(kafka_bootstrap_servers="127.0.0.1:1", kafka_look_seconds=2)

    response = await replica.http.get("/dead-letters")

    assert (response.status_code, response.headers["content-type"]) == (
        503,
        "application/problem+json",
    )


async def test_a_replay_whose_commit_was_not_acknowledged_is_recorded_once(
    replica_with, kafka, put_dead_letter
):
    orders = replica_with(LosesConnectionAfterCommit, **kafka)
    path = await put_dead_letter(b"{}", b"key")
    for expected in (1, 2):
        orders.database.to_lose = 1
        request = {"by": "ann", "note": "once", "again": True}
        response = await orders.http.post(f"{path}/replay", json=request)
        assert response.status_code == 200, response.text
        assert len(response.json()["dealt_with"]) == expected


async def test_many_large_dead_letters_are_listed_within_the_limits(
    replica_with, kafka, put_dead_letter, new_messages
):
    for number in range(60):
        await put_dead_letter(f"{number} ".encode() + b" " * 1_000_000, b"one key")
    replica = replica_with(**kafka | {"kafka_look_seconds": 20}, dead_letter_scan_bytes=8_000_000)

    page = (await replica.http.get("/dead-letters")).json()

    found = [each["preview"].strip() for each in page["dead_letters"]]
    assert 5 <= len(found) <= 10
    assert set(found) <= {str(number) for number in range(50, 60)}
    assert page["whole"] is False
    position = "{topic}/{partition}/{offset}".format(**page["dead_letters"][0])
    assert (await replica.http.post(f"/dead-letters/{position}/drop")).status_code == 200
    later = (await replica.http.get("/dead-letters")).json()["dead_letters"]
    assert position not in {"{topic}/{partition}/{offset}".format(**each) for each in later}


@pytest.mark.parametrize("timestamp", [-1, -(2**60)], ids=["none", "impossible"])
async def test_an_impossible_timestamp_is_listed_without_a_time(orders, kafka, producer, timestamp):
    topic = f"{kafka['kafka_topic_prefix']}payment_commands.dlq"
    sent = await producer.send_and_wait(topic, b"v", timestamp_ms=timestamp)

    page = await orders.http.get("/dead-letters")

    assert page.status_code == 200, page.text
    (listed,) = page.json()["dead_letters"]
    assert (listed["at"], listed["preview"]) == (None, "v")
    path = f"/dead-letters/payment_commands.dlq/{sent.partition}/{sent.offset}"
    assert (await orders.http.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b'{"type":"payment.failed","correlation_id":"\\ud800"}', {}),
        (b'{"correlation_id":"\\u0000"}', {"dead-letter-reason": "NUL \0 in it"}),
        (b"[" * 60_000, {"dead-letter-consumer": "\0"}),
    ],
)
async def test_no_text_of_a_dead_letter_keeps_it_from_being_listed_and_dropped(
    orders, put_dead_letter, value, headers
):
    order = (await orders.place()).json()["id"]
    path = await put_dead_letter(value, order.encode(), headers=headers)

    page = await orders.http.get("/dead-letters")

    assert page.status_code == 200, page.text
    assert len(page.json()["dead_letters"]) == 1
    assert (await orders.http.get(path)).status_code == 200
    dropped = await orders.http.post(f"{path}/drop", json={"by": "ann"})
    assert dropped.status_code == 200, dropped.text


async def test_a_dead_letter_of_a_topic_that_was_created_again_is_a_new_one(
    orders, put_dead_letter, recreate
):
    for number in range(3):
        path = await put_dead_letter(b"%d" % number, b"key")
        assert (await orders.http.post(f"{path}/drop", json={"by": "ann"})).status_code == 200
    assert (await orders.http.get("/dead-letters")).json()["dead_letters"] == []

    await recreate(PAYMENT_COMMANDS.dead_letters)
    path = await put_dead_letter(b"new", b"key")

    (listed,) = (await orders.http.get("/dead-letters")).json()["dead_letters"]
    assert (listed["preview"], listed["offset"], listed["dealt_with"]) == ("new", 0, [])
    assert (await orders.http.get(path)).json()["dealt_with"] == []
    replayed = await orders.http.post(f"{path}/replay", json={"by": "bob"})
    assert [each["by"] for each in replayed.json()["dealt_with"]] == ["bob"]
    assert (await orders.http.get("/dead-letters")).json()["dead_letters"] == []


class HeaderName(str):
    """A name that is not UTF-8 once it is encoded, as another client may write."""

    __slots__ = ()

    def encode(self, *_):
        return b"\xff\xfe"


async def put_unreadable(producer, topic, monkeypatch):
    """Publish a record whose header has a name that is not UTF-8."""
    monkeypatch.setattr(
        message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    )
    batch = producer.create_batch()
    monkeypatch.undo()
    batch.append(key=b"key", value=b"v", timestamp=None, headers=[(HeaderName("h"), b"x")])
    return await (await producer.send_batch(batch, topic, partition=1))


async def test_a_header_whose_name_is_not_utf8_is_no_error(
    orders, kafka, producer, put_dead_letter, monkeypatch
):
    good = await put_dead_letter(b"good", b"key")
    topic = f"{kafka['kafka_topic_prefix']}payment_commands.dlq"
    sent = await put_unreadable(producer, topic, monkeypatch)
    last = await put_dead_letter(b"last", b"key")

    page = await orders.http.get("/dead-letters")

    assert page.status_code == 200, page.text
    listed = {(each["partition"], each["offset"]): each for each in page.json()["dead_letters"]}
    assert listed[1, sent.offset]["preview"] == "v"
    assert {each["preview"] for each in listed.values()} == {"good", "last", "v"}
    path = f"/dead-letters/payment_commands.dlq/{sent.partition}/{sent.offset}"
    assert (await orders.http.get(path)).json()["value"] == "v"
    assert (await orders.http.get(good)).json()["value"] == "good"
    assert (await orders.http.get(last)).json()["value"] == "last"


async def test_the_replay_of_a_letter_that_its_topic_does_not_take_delays_no_order(
    orders, kafka, put_dead_letter
):
    path = await put_dead_letter(b"x" * 1_500_000, b"key")
    response = await orders.http.post(f"{path}/replay", json={"by": "ann"})

    later = (await orders.place()).json()["id"]

    async def published():
        return all(
            entry["sent_at"]
            for entry in (await orders.show(later))["history"]
            if entry["direction"] == "out"
        )

    assert await until(published)
    assert response.status_code == 409
    assert "max.message.bytes (1048588)" in response.json()["detail"]
