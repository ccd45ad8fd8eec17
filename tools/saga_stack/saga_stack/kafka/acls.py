"""Kafka ACLs for each service, derived from the access that it declares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest
from saga_messaging.kafka.access import Access
from saga_messaging.service import Service

from saga_stack.kafka.event_loop import run_on_kafka_loop

LITERAL, ALLOW, ANY_HOST = 3, 3, "*"


class Resource(IntEnum):
    """A resource type, with its number in Kafka's protocol."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """An operation, with its number in Kafka's protocol; READ and WRITE imply DESCRIBE."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10


@dataclass(frozen=True, order=True)
class Acl:
    """One permission of one user. Brokers refuse every operation that no ACL allows."""

    user: str
    resource: Resource
    name: str
    operation: Operation


def acls_of(services: Iterable[Service], prefix: str = "") -> list[Acl]:
    """Return exactly the ACLs that these services need, sorted.

    Args:
        services: The services, each with its declared access.
        prefix: `KAFKA_TOPIC_PREFIX`, the prefix of topics and groups.
    """
    return sorted(acl for service in services for acl in _acls(service.access, prefix))


def create_acls(options: Mapping[str, Any], acls: Iterable[Acl]) -> None:
    """Create ACLs; those that exist already are kept.

    Args:
        options: Options of an aiokafka client that connects as a super user.
        acls: The ACLs to create.

    Raises:
        KafkaError: The broker refused the request or does not respond.
    """
    run_on_kafka_loop(_create_acls(options, acls))


def _acls(access: Access, prefix: str) -> Iterator[Acl]:
    user = access.group
    for name in access.reads:
        yield Acl(user, Resource.TOPIC, prefix + name, Operation.READ)
    for name in access.writes:
        yield Acl(user, Resource.TOPIC, prefix + name, Operation.WRITE)
    for name in access.described:
        yield Acl(user, Resource.TOPIC, prefix + name, Operation.DESCRIBE_CONFIGS)
    yield Acl(user, Resource.GROUP, prefix + access.group, Operation.READ)
    for group in access.watches:
        yield Acl(user, Resource.GROUP, prefix + group, Operation.DESCRIBE)


async def _create_acls(options: Mapping[str, Any], acls: Iterable[Acl]) -> None:
    client = AIOKafkaClient(**options)
    try:
        await client.bootstrap()
        for acl in acls:
            # aiokafka's admin client cannot create ACLs; any broker forwards them.
            response = await client.send(client.get_random_node(), _request(acl))
            for code, detail in response.creation_responses:
                if code:
                    raise for_code(code)(f"{acl} was not created: {detail}")
    finally:
        await client.close()


def _request(acl: Acl) -> CreateAclsRequest:
    return CreateAclsRequest(
        acl.resource,
        acl.name,
        LITERAL,
        f"User:{acl.user}",
        ANY_HOST,
        acl.operation,
        ALLOW,
    )
