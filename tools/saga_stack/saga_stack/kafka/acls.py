"""The rights of each service on Kafka, as ACLs, from what the services declare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest
from order_saga.access import ACCESS as ORDER_SAGA
from payment_service.access import ACCESS as PAYMENT
from saga_messaging.access import Access
from user_service.access import ACCESS as USER

from saga_stack.kafka.event_loop import ask

ACCESSES: Final[Mapping[str, Access]] = {
    "user": USER,
    "order_saga": ORDER_SAGA,
    "payment": PAYMENT,
}
"""By the name of the service."""

LITERAL, ALLOW, ANY_HOST = 3, 3, "*"


class Resource(IntEnum):
    """What a right is for, by the numbers of Kafka's protocol."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What is allowed, by the numbers of Kafka's protocol; to read or write is to describe too."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


@dataclass(frozen=True, order=True)
class Acl:
    """One right of one user; without it nobody but the broker and the admin may do anything."""

    user: str
    resource: Resource
    name: str
    operation: Operation


def acls(accesses: Iterable[Access], prefix: str = "") -> list[Acl]:
    """The rights of these services, and no more; in order.

    Args:
        accesses: What they declare.
        prefix: Of topics and groups, `KAFKA_TOPIC_PREFIX`.
    """
    return sorted(acl for access in accesses for acl in _of(access, prefix))


def allow(options: Mapping[str, Any], wanted: Iterable[Acl]) -> None:
    """Return when a cluster has these rights; those that it has already are left alone.

    Args:
        options: Of an aiokafka client that is a super user.
        wanted: The rights.

    Raises:
        KafkaError: The broker refused, or is away.
    """
    ask(_allow(options, wanted))


def _of(access: Access, prefix: str) -> Iterator[Acl]:
    user = access.group
    for name in access.reads:
        yield Acl(user, Resource.TOPIC, prefix + name, Operation.READ)
    for name in access.writes:
        yield Acl(user, Resource.TOPIC, prefix + name, Operation.WRITE)
    yield Acl(user, Resource.GROUP, prefix + access.group, Operation.READ)
    for group in access.watches:
        yield Acl(user, Resource.GROUP, prefix + group, Operation.DESCRIBE)


async def _allow(options: Mapping[str, Any], wanted: Iterable[Acl]) -> None:
    client = AIOKafkaClient(**options)
    try:
        await client.bootstrap()
        for acl in wanted:
            # aiokafka's admin has no method for it; any broker hands it on to the controller.
            answer = await client.send(client.get_random_node(), _request(acl))
            for code, detail in answer.creation_responses:
                if code:
                    raise for_code(code)(f"{acl} was not made: {detail}")
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
