"""What is done about dead letters, and what `why` says of them: on real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import tenacity
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from saga_messaging.delivery.dead_letters import DeadLetters
from saga_messaging.kafka.records import Record
from saga_messaging.kafka.topics import create_topics
from saga_messaging.settings import KafkaSettings, MessagingSettings
from saga_schemas.topics import PAYMENT_COMMANDS, PAYMENT_EVENTS

pytestmark = pytest.mark.stack

PATIENCE_SECONDS = 30
PARTITIONS = 3
until = tenacity.AsyncRetrying(
    stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
    wait=tenacity.wait_fixed(0.05),
    retry=tenacity.retry_if_result(lambda result: not result),
)


@pytest.fixture
async def kafka(kafka_bootstrap) -> dict[str, object]:
    """Settings of a system of its own on the shared Kafka, with its topics."""
    settings = {
        "kafka_bootstrap_servers": kafka_bootstrap,
        "kafka_topic_prefix": f"test-{uuid4().hex}-",
        "kafka_partitions": PARTITIONS,
        "kafka_look_seconds": PATIENCE_SECONDS,
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
    producer = AIOKafkaProducer(bootstrap_servers=kafka["kafka_bootstrap_servers"])
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def letter(kafka, producer):
    """Put a dead letter where the payment service would; returns its path in the API."""
    settings = MessagingSettings(database_url="postgresql+psycopg2://nobody@/none")
    maker = DeadLetters("payment-service", settings)

    async def put(value: bytes, key: bytes | None = None, topic=PAYMENT_COMMANDS, **changes):
        prefix = kafka["kafka_topic_prefix"]
        record = Record(prefix + topic.name, 2, 17, key, value)
        made = maker.make(topic, record, "payload.amount: it is no number")
        headers = {**made.headers, **changes.get("headers", {})}
        sent = await producer.send_and_wait(
            prefix + made.topic,
            made.value,
            made.key,
            headers=[(name, text.encode()) for name, text in headers.items()],
        )
        return f"/dead-letters/{made.topic}/{sent.partition}/{sent.offset}"

    return put


@asynccontextmanager
async def reading(kafka, group: str, topic: str):
    """A live member of a group that reads a topic and commits."""
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


async def first(kafka, topic: str):
    async with asyncio.timeout(PATIENCE_SECONDS), reading(kafka, uuid4().hex, topic) as consumer:
        return await consumer.getone()


async def why(replica, order_id):
    answer = await replica.http.get(f"/orders/{order_id}/why")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def waiting_for_payment(orders, new_messages):
    order_id = (await orders.place()).json()["id"]
    await orders.hear(*new_messages(order_id).replies_until("authorizing"))

    async def all_is_sent():
        history = (await orders.show(order_id))["history"]
        return all(line["sent_at"] for line in history if line["direction"] == "out")

    assert await until(all_is_sent)
    return order_id


async def test_while_the_payment_service_is_stopped_the_sentence_says_who_is_behind_and_not_alive(
    orders, kafka, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)

    said = await why(orders, order_id)

    payment, _ = said["consumers"]
    assert (payment["group"], payment["behind"], payment["members"]) == ("payment-service", 1, 0)
    place = f"payment_commands[{payment['partition']}]"
    assert f"payment-service has 1 unread message on {place} and is not running" in said["why"]
    assert "waits for payment-service to reply to authorize_payment (try 1 of 1" in said["why"]
    assert "its command was sent at" in said["why"]
    assert "no dead letters were found" in said["why"]
    assert said["why"].count(". ") == 0
    command = await first(kafka, "payment_commands")
    assert (command.partition, command.key.decode()) == (payment["partition"], order_id)


async def test_once_the_payment_service_runs_and_has_read_all_the_sentence_says_so(
    orders, kafka, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)

    async with reading(kafka, "payment-service", "payment_commands") as consumer:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await consumer.getone()
        await consumer.commit()
        said = await why(orders, order_id)

    payment, own = said["consumers"]
    assert (payment["behind"], payment["members"]) == (0, 1)
    assert "payment-service has no unread messages on payment_commands" in said["why"]
    assert (own["group"], own["topic"]) == ("order-saga", "payment_events")


async def test_a_dead_letter_of_the_order_is_named_until_somebody_has_dealt_with_it(
    orders, letter, new_messages
):
    order_id = await waiting_for_payment(orders, new_messages)
    path = await letter(b"{}", order_id.encode())

    said = await why(orders, order_id)
    assert path.removeprefix("/dead-letters/") in said["why"]
    assert "payload.amount: it is no number" in said["why"]

    assert (await orders.http.post(f"{path}/drop")).status_code == 200
    assert (await why(orders, order_id))["dead_letters"] == []


async def test_dead_letters_are_listed_newest_first_with_where_they_came_from(orders, letter):
    paths = [await letter(f"letter {number}".encode(), b"key") for number in range(3)]
    other = await letter(b"\xff", topic=PAYMENT_EVENTS)

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
    assert (oldest["reason"], oldest["preview"]) == ("payload.amount: it is no number", "letter 0")
    one = (await orders.http.get("/dead-letters", params={"limit": 1})).json()
    assert ([each["offset"] for each in one["dead_letters"]], one["whole"]) == ([0], False)


async def test_more_letters_than_are_looked_at_are_the_newest_and_it_says_so(
    replica_with, kafka, letter
):
    for number in range(5):
        await letter(str(number).encode(), b"one key")
    replica = replica_with(**kafka, dead_letter_scan_limit=2)

    page = (await replica.http.get("/dead-letters")).json()

    assert [each["preview"] for each in page["dead_letters"]] == ["4", "3"]
    assert page["whole"] is False


async def test_a_letter_is_shown_with_its_raw_value_also_where_it_is_no_text(orders, letter):
    path = await letter(b"\xff\x00")

    shown = (await orders.http.get(path)).json()

    assert (shown["value"], shown["value_base64"], shown["key"]) == (None, "/wA=", None)
    assert shown["headers"]["dead-letter-reason"] == "payload.amount: it is no number"


async def test_a_replay_puts_the_raw_value_back_under_its_key_once_and_is_told_in_the_history(
    orders, kafka, letter, new_messages
):
    order_id = (await orders.place()).json()["id"]
    path = await letter(b'{"broken": ', order_id.encode())

    answer = await orders.http.post(f"{path}/replay", json={"by": "ann", "note": "fixed"})

    assert answer.status_code == 200
    (done,) = answer.json()["dealt_with"]
    assert (done["action"], done["by"], done["note"]) == ("replay", "ann", "fixed")
    back = await first(kafka, "payment_commands")
    assert (back.key.decode(), back.value) == (order_id, b'{"broken": ')
    name = path.removeprefix("/dead-letters/")
    assert dict(back.headers)["replay-of"].decode() == name
    notes = [line["note"] for line in (await orders.show(order_id))["history"]]
    assert f"{name} replayed (by ann: fixed)" in notes
    assert "to payment_commands" in notes

    twice = await orders.http.post(f"{path}/replay")
    assert (twice.status_code, twice.headers["content-type"]) == (409, "application/problem+json")
    assert "replayed by ann" in twice.json()["detail"]
    again = await orders.http.post(f"{path}/replay", json={"again": True})
    assert len(again.json()["dealt_with"]) == 2


async def test_of_two_replays_at_once_one_is_sent(orders, replica_with, kafka, letter):
    path = await letter(b"{}", b"key")
    others = [replica_with(**kafka) for _ in range(2)]

    answers = await asyncio.gather(
        *(each.http.post(f"{path}/replay") for each in (orders, *others, orders))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    (row,) = await orders.rows("SELECT count(*) FROM outbox WHERE type = 'dead_letter_replay'")
    assert row[0] == 1


async def test_a_dropped_letter_leaves_the_list_and_stays_with_all(orders, letter):
    path = await letter(b"{}")

    assert (await orders.http.post(f"{path}/drop", json={"by": "ann"})).status_code == 200

    assert (await orders.http.get("/dead-letters")).json()["dead_letters"] == []
    page = (await orders.http.get("/dead-letters", params={"all": True})).json()
    assert [each["dealt_with"][0]["action"] for each in page["dead_letters"]] == ["drop"]
    assert (await orders.http.post(f"{path}/drop")).status_code == 409


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"dead-letter-topic": "somebody_elses"}, "does not name the topic"),
        ({"dead-letter-topic": "payment_commands.dlq"}, "does not name the topic"),
        ({"dead-letter-topic": "user_commands"}, "does not name the topic"),
        ({"dead-letter-cut": "the key had 70000 bytes"}, "the key had 70000 bytes"),
    ],
)
async def test_what_is_not_whole_or_came_from_elsewhere_is_not_replayed(
    orders, letter, headers, detail
):
    path = await letter(b"{}", headers=headers)

    answer = await orders.http.post(f"{path}/replay")

    assert answer.status_code == 409
    assert detail in answer.json()["detail"]
    assert await orders.rows("SELECT 1 FROM dead_letter_actions") == []


@pytest.mark.parametrize(
    "place",
    ["payment_commands.dlq/0/0", "payment_commands.dlq/99/0", "payment_commands/0/0", "x/0/0"],
)
async def test_a_letter_that_does_not_exist_is_not_found(orders, place):
    assert (await orders.http.get(f"/dead-letters/{place}")).status_code == 404
    assert (await orders.http.post(f"/dead-letters/{place}/replay")).status_code == 404


async def test_without_kafka_dead_letters_cannot_be_asked_for(replica_with):
    away = replica_with(kafka_bootstrap_servers="127.0.0.1:1", kafka_look_seconds=2)

    answer = await away.http.get("/dead-letters")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
