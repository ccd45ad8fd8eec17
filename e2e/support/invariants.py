"""The invariants of a system at rest, checked in its databases, topics and Stripe's ledger.

Each check returns its violations as sentences; an empty list means that the invariant holds.
"""

from collections import Counter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from saga_messaging.kafka.admin import connected_admin
from saga_schemas.topics import TOPICS
from saga_stack.kafka.event_loop import run_on_kafka_loop
from support.databases import rows
from support.polling import eventually
from support.stripe_account import stripe_ledger
from support.system import System

GROUPS = {
    "order-saga": ("user_events", "payment_events"),
    "user-service": ("user_commands",),
    "payment-service": ("payment_commands",),
}
AT_REST = {"authorized", "completed", "rejected", "canceled", "expired", "refunded"}
Rows = list[dict[str, Any]]


def violations_at_rest(system: System, seconds: float = 90) -> list[str]:
    """Return every violation that is still there after the time that work under way may take."""
    return eventually(lambda: violations(system), lambda found: not found, seconds)


def violations(system: System) -> list[str]:
    """Return every violation at this moment; work under way counts as one."""
    ledger = stripe_ledger(system)
    sagas = rows(system, "order_saga", "SELECT * FROM sagas")
    payments = rows(system, "payment", "SELECT * FROM payments")
    orders = {saga["id"]: saga for saga in sagas}
    return [
        *repeated_or_unknown_payment_intents(ledger, payments),
        *holds_unlike_orders(ledger, sagas),
        *amounts_unlike_orders(ledger, orders),
        *unbalanced_holds(ledger),
        *keys_with_several_bodies(ledger),
        *unfinished_work(system, sagas, payments),
        *messages_without_effect(system),
        *run_on_kafka_loop(dead_letters_and_lag(system)),
    ]


def repeated_or_unknown_payment_intents(ledger: Any, payments: Rows) -> list[str]:
    """Check that each order has one PaymentIntent at most, and each PaymentIntent a payment."""
    made = Counter(intent["metadata"].get("saga_id") for intent in ledger["payment_intents"])
    known = {payment["saga_id"] for payment in payments}
    return [
        *(f"{saga}: {count} PaymentIntents" for saga, count in made.items() if count > 1),
        *(f"{saga}: a PaymentIntent without a payment" for saga in made if saga not in known),
    ]


def holds_unlike_orders(ledger: Any, sagas: Rows) -> list[str]:
    """Check that exactly the authorized orders have a hold, of their amount and currency."""
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
        f"{saga}: Stripe holds {held.get(saga)}, the order has {expected.get(saga)}"
        for saga in held.keys() | expected.keys()
        if held.get(saga) != expected.get(saga)
    ]


def amounts_unlike_orders(ledger: Any, orders: dict[str, dict[str, Any]]) -> list[str]:
    """Check that Stripe captured and refunded what each order records."""
    found = {
        intent["metadata"]["saga_id"]: (total(intent, "captures"), total(intent, "refunds"))
        for intent in ledger["payment_intents"]
    }
    recorded = {order: (saga["captured"], saga["refunded"]) for order, saga in orders.items()}
    return [
        f"{order}: Stripe captured and refunded {found.get(order, (0, 0))}, the order has {amounts}"
        for order, amounts in recorded.items()
        if found.get(order, (0, 0)) != amounts
    ]


def unbalanced_holds(ledger: Any) -> list[str]:
    """Check that each hold is captured, released or still held, to the cent."""
    return [
        f"{intent['id']}: {total(intent, 'holds')} was held, and not all of it is accounted for"
        for intent in ledger["payment_intents"]
        if total(intent, "holds")
        != total(intent, "captures") + total(intent, "releases") + intent["held"]
    ]


def total(intent: Any, kind: str) -> int:
    """Return the sum of a PaymentIntent's entries of one kind."""
    return sum(entry["amount"] for entry in intent[kind])


def keys_with_several_bodies(ledger: Any) -> list[str]:
    """Check that no idempotency key was sent with two different bodies."""
    return [
        f"{line['key']}: {len(line['digests'])} different bodies"
        for line in ledger["idempotency_keys"]
        if len(line["digests"]) > 1
    ]


def unfinished_work(system: System, sagas: Rows, payments: Rows) -> list[str]:
    """Check that no order, payment or outbox row is unfinished."""
    unsent = "SELECT message_id, type FROM outbox WHERE sent_at IS NULL"
    moving = (saga for saga in sagas if saga["state"] not in AT_REST)
    return [
        *(f"order {saga['id']} is {saga['state']}" for saga in moving),
        *(f"payment {p['saga_id']} is pending" for p in payments if p["status"] == "pending"),
        *(f"payment {p['saga_id']}: {p['operation']}" for p in payments if p["operation"]),
        *(
            f"{service}: {row['type']} {row['message_id']} was not sent"
            for service in ("order_saga", "payment")
            for row in rows(system, service, unsent)
        ),
    ]


def messages_without_effect(system: System) -> list[str]:
    """Check that each command is in the inbox of payment, and each reply in that of the saga."""
    sent = "SELECT message_id FROM outbox WHERE topic = '{}'"
    received = "SELECT message_id FROM inbox"
    pairs = (
        ("order_saga", "payment_commands", "payment"),
        ("payment", "payment_events", "order_saga"),
    )
    return [
        f"{topic}: {row['message_id']} had no effect in {receiver}"
        for sender, topic, receiver in pairs
        for inbox in [{row["message_id"] for row in rows(system, receiver, received)}]
        for row in rows(system, sender, sent.format(topic))
        if row["message_id"] not in inbox
    ]


async def dead_letters_and_lag(system: System) -> list[str]:
    """Check that there is no dead letter, and no message that a consumer group has not acked."""
    options = system.kafka_options
    async with connected_admin(options, 60) as admin, AIOKafkaConsumer(**options) as consumer:
        found = await dead_letters(system, consumer)
        for group, topics in GROUPS.items():
            found += await lag(system, consumer, admin, group, topics)
        return found


async def dead_letters(system: System, consumer: AIOKafkaConsumer) -> list[str]:
    """Return each partition of a dead-letter topic that is not empty."""
    ends = await consumer.end_offsets(partitions(system, *(topic.dead_letters for topic in TOPICS)))
    return [f"{place.topic}: {count} dead letters" for place, count in ends.items() if count]


async def lag(
    system: System,
    consumer: AIOKafkaConsumer,
    admin: AIOKafkaAdminClient,
    group: str,
    topics: tuple[str, ...],
) -> list[str]:
    """Return each partition of the topics that the consumer group has not read to its end."""
    ends = await consumer.end_offsets(partitions(system, *topics))
    committed = await admin.list_consumer_group_offsets(system.settings.topic_prefix + group)
    return [
        f"{group} is {end - done} behind on {place.topic}[{place.partition}]"
        for place, end in ends.items()
        if end > (done := committed[place].offset if place in committed else 0)
    ]


def partitions(system: System, *topics: str) -> list[TopicPartition]:
    """Return every partition of these topics."""
    prefix, count = system.settings.topic_prefix, system.settings.partitions
    return [TopicPartition(prefix + topic, n) for topic in topics for n in range(count)]
