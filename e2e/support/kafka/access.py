"""The rights of Kafka's users, tried with real requests."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, for_code
from aiokafka.protocol.admin import DeleteAclsRequest
from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.publisher import Publisher
from saga_messaging.settings import MessagingSettings
from saga_stack.kafka.acls import ALLOW, ANY_HOST, LITERAL, Acl
from saga_stack.kafka.event_loop import run_on_kafka_loop
from saga_stack.stack import Stack

T = TypeVar("T")
TIMEOUT_SECONDS = 60


def run(request: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns within `TIMEOUT_SECONDS`."""
    return run_on_kafka_loop(asyncio.wait_for(request, TIMEOUT_SECONDS))


def options_of(stack: Stack, user: str) -> dict[str, Any]:
    """Return the options of an aiokafka client that logs in as this user."""
    security = stack.addresses.kafka_security
    assert security
    return security.client_options(stack.kafka_bootstrap, user)


def settings_of(stack: Stack, user: str, **changes: Any) -> MessagingSettings:
    """Return the settings of a service that logs in as this user, with some settings changed."""
    security = stack.addresses.kafka_security
    assert security
    credentials = {name.lower(): value for name, value in security.environment(user).items()}
    servers = {"kafka_bootstrap_servers": stack.kafka_bootstrap}
    return MessagingSettings(
        **{
            "database_url": "postgresql+psycopg2://unused/unused",
            **servers,
            **credentials,
            **changes,
        }
    )


async def list_topics(settings: MessagingSettings) -> None:
    """List topics as a service does when it starts.

    Raises:
        KafkaAccessError: Kafka refused the connection, or was not trusted.
    """
    publisher = Publisher(settings)
    try:
        await publisher.topics()
    finally:
        await publisher.close()


async def may_write(options: Mapping[str, Any], topic: str, value: bytes = b"") -> bool:
    """Try to write a record; return False if that is forbidden."""
    producer = AIOKafkaProducer(**options, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, value, key=b"nobody")
    except TopicAuthorizationFailedError:
        return False
    finally:
        with contextlib.suppress(KafkaError):
            await producer.stop()
    return True


async def may_read(options: Mapping[str, Any], topic: str) -> bool:
    """Try to fetch from a topic; return False if that is forbidden."""
    consumer = AIOKafkaConsumer(topic, **options, auto_offset_reset="earliest")
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=500)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


async def create_topic(options: Mapping[str, Any], topic: str) -> type[KafkaError]:
    """Try to create a topic; return the type of Kafka's answer, which may be `NoError`."""
    async with connected_admin(options, 60) as admin:
        response = await admin.create_topics([NewTopic(topic, 1, 1)])
    [(_, code, *_)] = response.topic_errors
    return for_code(code)


async def revoke(options: Mapping[str, Any], acl: Acl) -> None:
    """Delete one ACL, as the admin."""
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
