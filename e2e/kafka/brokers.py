"""A cluster seen and moved from outside: who leads, who is in sync, who is the controller."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest
from customers import eventually
from saga_stack.services import KAFKA
from saga_stack.stack import Stack

T = TypeVar("T")
SYNC_SECONDS = 90.0


def part(number: int) -> str:
    """The name of a broker's part."""
    return f"{KAFKA}-{number}"


def controller(stack: Stack) -> int:
    """The node that leads the quorum, as the latest of the nodes' notes says."""
    notes = (stack.settings.data_dir / KAFKA).glob("node-*/log/__cluster_metadata-0/quorum-state")
    latest = max((json.loads(note.read_text()) for note in notes), key=lambda n: n["leaderEpoch"])
    return latest["leaderId"]


def busiest(stack: Stack, topic: str) -> int:
    """The broker that leads most partitions of a topic."""
    (((leader, _),)) = Counter(leaders(stack, topic).values()).most_common(1)
    return leader


def leaders(stack: Stack, topic: str) -> dict[int, int]:
    """The leader of each partition."""
    topics = asked(stack, lambda admin: admin.describe_topics([topic]))
    return {each["partition"]: each["leader"] for each in topics[0]["partitions"]}


def wait_until_in_sync(stack: Stack) -> None:
    """Returns when every replica of every partition has what its leader has."""
    assert eventually(lambda: behind(stack), lambda found: not found, SYNC_SECONDS) == []


def behind(stack: Stack) -> list[str]:
    """The partitions that lack a replica in sync."""
    return [
        f"{topic['topic']}[{each['partition']}]: {each['isr']} of {each['replicas']}"
        for topic in asked(stack, lambda admin: admin.describe_topics())
        for each in topic["partitions"]
        if set(each["isr"]) != set(each["replicas"])
    ]


def in_sync(stack: Stack, topic: str) -> set[tuple[int, ...]]:
    """The brokers in sync, as they occur among the partitions of a topic."""
    topics = asked(stack, lambda admin: admin.describe_topics([topic]))
    return {tuple(sorted(each["isr"])) for each in topics[0]["partitions"]}


def reassign(stack: Stack, topic: str, replicas: dict[int, list[int]]) -> None:
    """Asks for the partitions of a topic to be kept by these brokers, the first of them leading."""
    partitions = [(number, brokers, {}) for number, brokers in replicas.items()]
    request = AlterPartitionReassignmentsRequest(10_000, [(topic, partitions, {})], {})
    answer = asked(stack, lambda admin: admin._send_request(request))  # noqa: SLF001
    errors = [code for _, parts, _ in answer.responses for _, code, *_ in parts]
    assert (answer.error_code, set(errors)) == (0, {0}), answer


def asked(stack: Stack, ask: Callable[[Any], Awaitable[T]]) -> T:
    """What is answered by any broker that is there: the client asks one by chance, dead or not."""

    async def main() -> T | None:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
        try:
            await admin.start()
            return await ask(admin)
        except KafkaError:
            return None
        finally:
            await admin.close()

    answer = eventually(lambda: asyncio.run(main()), lambda seen: seen is not None)
    assert answer is not None, "no broker answered"
    return answer
