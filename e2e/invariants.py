"""The system's invariants, checked against databases, topics and Stripe's ledger, at rest.

Each check returns what violates it, in words; an empty list is what everyone hopes for.
"""

from collections import Counter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from at_stripe import ledger_of
from saga_schemas.topics import TOPICS
from saga_stack.kafka.event_loop import run_on_kafka_loop
from saga_stack.stack import Stack
from sqlalchemy import create_engine, text

GROUPS = {
    "order-saga": ("user_events", "payment_events"),
    "user-service": ("user_commands",),
    "payment-service": ("payment_commands",),
}


def violations(stack: Stack) -> list[str]:
    """Everything that is wrong with a stack at rest."""
    ledger = ledger_of(stack)
    sagas = rows(stack, "order_saga", "SELECT * FROM sagas")
    payments = rows(stack, "payment", "SELECT * FROM payments")
    orders = {saga["id"]: saga for saga in sagas}
    return [
        *one_payment_intent_each(ledger, payments),
        *held_exactly_where_authorized(ledger, sagas),
        *taken_and_given_back_as_the_order_says(ledger, orders),
        *held_is_captured_released_or_still_held(ledger),
        *one_body_for_each_key(ledger),
        *nothing_unfinished(stack, sagas, payments),
        *every_message_arrived_once(stack),
        *run_on_kafka_loop(nothing_in_kafka_left(stack)),
    ]


def rows(stack: Stack, service: str, query: str) -> list[dict[str, Any]]:
    engine = create_engine(stack.database_urls[service])
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]
    finally:
        engine.dispose()


def one_payment_intent_each(ledger: Any, payments: list[dict[str, Any]]) -> list[str]:
    made = Counter(intent["metadata"].get("saga_id") for intent in ledger["payment_intents"])
    known = {payment["saga_id"] for payment in payments}
    return [
        *(f"{saga}: {count} PaymentIntents" for saga, count in made.items() if count > 1),
        *(f"{saga}: a PaymentIntent without a payment" for saga in made if saga not in known),
    ]


def held_exactly_where_authorized(ledger: Any, sagas: list[dict[str, Any]]) -> list[str]:
    held = {
        intent["metadata"]["saga_id"]: (intent["held"], intent["currency"])
        for intent in ledger["payment_intents"]
        if intent["held"]
    }
    expected = {
        saga["id"]: (saga["amount"], saga["currency"])
        for saga in sagas
        if saga["state"] == "authorized"
    }
    return [
        f"{saga}: holds {held.get(saga)}, the order says {expected.get(saga)}"
        for saga in held.keys() | expected.keys()
        if held.get(saga) != expected.get(saga)
    ]


def taken_and_given_back_as_the_order_says(
    ledger: Any, orders: dict[str, dict[str, Any]]
) -> list[str]:
    found = {
        intent["metadata"]["saga_id"]: tuple(
            sum(line["amount"] for line in intent[what]) for what in ("captures", "refunds")
        )
        for intent in ledger["payment_intents"]
    }
    said = {order: (saga["captured"], saga["refunded"]) for order, saga in orders.items()}
    return [
        f"{order}: Stripe took and gave back {found.get(order, (0, 0))}, the order says {told}"
        for order, told in said.items()
        if found.get(order, (0, 0)) != told
    ]


def held_is_captured_released_or_still_held(ledger: Any) -> list[str]:
    def total(intent: Any, what: str) -> int:
        return sum(line["amount"] for line in intent[what])

    return [
        f"{intent['id']}: {total(intent, 'holds')} was held, and not all of it is accounted for"
        for intent in ledger["payment_intents"]
        if total(intent, "holds")
        != total(intent, "captures") + total(intent, "releases") + intent["held"]
    ]


def one_body_for_each_key(ledger: Any) -> list[str]:
    return [
        f"{line['key']}: {len(line['digests'])} different bodies"
        for line in ledger["idempotency_keys"]
        if len(line["digests"]) > 1
    ]


def nothing_unfinished(
    stack: Stack, sagas: list[dict[str, Any]], payments: list[dict[str, Any]]
) -> list[str]:
    still = {"authorized", "completed", "rejected", "canceled", "expired", "refunded"}
    unsent = "SELECT message_id, type FROM outbox WHERE sent_at IS NULL"
    return [
        *(f"order {saga['id']} is {saga['state']}" for saga in sagas if saga["state"] not in still),
        *(f"payment {p['saga_id']} is pending" for p in payments if p["status"] == "pending"),
        *(f"payment {p['saga_id']}: {p['operation']}" for p in payments if p["operation"]),
        *(
            f"{service}: {row['type']} {row['message_id']} was not sent"
            for service in ("order_saga", "payment")
            for row in rows(stack, service, unsent)
        ),
    ]


def every_message_arrived_once(stack: Stack) -> list[str]:
    """Each command of the saga has one effect in payment; each reply of payment one in the saga."""
    wanted = "SELECT message_id FROM outbox WHERE topic = '{}'"
    had = "SELECT message_id FROM inbox"
    pairs = (
        ("order_saga", "payment_commands", "payment"),
        ("payment", "payment_events", "order_saga"),
    )
    return [
        f"{topic}: {row['message_id']} had no effect in {receiver}"
        for sender, topic, receiver in pairs
        for seen in [{row["message_id"] for row in rows(stack, receiver, had)}]
        for row in rows(stack, sender, wanted.format(topic))
        if row["message_id"] not in seen
    ]


async def nothing_in_kafka_left(stack: Stack) -> list[str]:
    consumer = AIOKafkaConsumer(**stack.kafka_options)
    admin = AIOKafkaAdminClient(**stack.kafka_options)
    await consumer.start()
    await admin.start()
    try:
        letters = await consumer.end_offsets(
            [place for topic in TOPICS for place in places(stack, topic.dead_letters)]
        )
        found = [
            f"{place.topic}: {count} dead letters" for place, count in letters.items() if count
        ]
        for group, topics in GROUPS.items():
            ends = await consumer.end_offsets([p for topic in topics for p in places(stack, topic)])
            name = stack.settings.topic_prefix + group
            committed = await admin.list_consumer_group_offsets(name)
            found += [
                f"{group} is {end - done} behind on {place.topic}[{place.partition}]"
                for place, end in ends.items()
                if end > (done := committed[place].offset if place in committed else 0)
            ]
        return found
    finally:
        await admin.close()
        await consumer.stop()


def places(stack: Stack, topic: str) -> list[TopicPartition]:
    name = stack.settings.topic_prefix + topic
    return [TopicPartition(name, number) for number in range(stack.settings.partitions)]
