"""Kafka as its users see it: what each may do, and how a right is taken away."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.admin import DeleteAclsRequest
from saga_stack.kafka.acls import ALLOW, ANY_HOST, LITERAL, Acl
from saga_stack.kafka.event_loop import run_on_kafka_loop
from saga_stack.stack import Stack

T = TypeVar("T")
PATIENCE_SECONDS = 60


def run(work: Coroutine[Any, Any, T]) -> T:
    return run_on_kafka_loop(asyncio.wait_for(work, PATIENCE_SECONDS))


def as_user(stack: Stack, user: str) -> dict[str, Any]:
    """The options of an aiokafka client that is this user."""
    security = stack.addresses.kafka_security
    assert security
    return security.client_options(stack.kafka_bootstrap, user)


async def may_write(options: Mapping[str, Any], topic: str, value: bytes | None = None) -> bool:
    """Whether a record gets onto the topic; an empty one that nobody can read, or a given one."""
    producer = AIOKafkaProducer(**options, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, value or b"", key=b"nobody")
    except TopicAuthorizationFailedError:
        return False
    finally:
        with contextlib.suppress(KafkaError):
            await producer.stop()
    return True


async def may_read(options: Mapping[str, Any], topic: str) -> bool:
    """Whether a fetch of the topic is answered."""
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=500)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


async def creating(options: Mapping[str, Any], topic: str) -> type[KafkaError]:
    """What comes of making a topic."""
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        response = await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    [(_, code, *_)] = response.topic_errors
    return for_code(code)


async def deny(options: Mapping[str, Any], acl: Acl) -> None:
    """Take a right away, as the admin."""
    client = AIOKafkaClient(**options)
    await client.bootstrap()
    principal = f"User:{acl.user}"
    request = DeleteAclsRequest(
        acl.resource, acl.name, LITERAL, principal, ANY_HOST, acl.operation, ALLOW
    )
    try:
        answer = await client.send(client.get_random_node(), request)
    finally:
        await client.close()
    [(code, _, matching)] = answer.filter_responses
    assert (code, len(matching)) == (0, 1)
