"""The state of a cluster: partition leaders, replicas in sync, the controller."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest
from saga_stack.services import KAFKA
from saga_stack.stack import Stack
from support.kafka.admin import with_admin
from support.polling import eventually

SYNC_SECONDS = 90.0
REASSIGN_MILLISECONDS = 10_000


def part_name(broker: int) -> str:
    """Return the name of a broker's part of the stack."""
    return f"{KAFKA}-{broker}"


def controller(stack: Stack) -> int:
    """Return the broker that leads the quorum, from the newest quorum state of any node."""
    folder = stack.settings.data_dir / KAFKA
    files = folder.glob("node-*/log/__cluster_metadata-0/quorum-state")
    states = [json.loads(file.read_text()) for file in files]
    return max(states, key=lambda state: state["leaderEpoch"])["leaderId"]


def busiest_leader(stack: Stack, topic: str) -> int:
    """Return the broker that leads the most partitions of a topic."""
    (((leader, _),)) = Counter(leaders(stack, topic).values()).most_common(1)
    return leader


def leaders(stack: Stack, topic: str) -> dict[int, int]:
    """Return the leader of each partition of a topic."""
    [described] = _request(stack, lambda admin: admin.describe_topics([topic]))
    return {found["partition"]: found["leader"] for found in described["partitions"]}


def wait_until_in_sync(stack: Stack) -> None:
    """Return once every replica of every partition is in sync.

    Raises:
        AssertionError: One was not within `SYNC_SECONDS`.
    """
    assert eventually(lambda: out_of_sync(stack), lambda found: not found, SYNC_SECONDS) == []


def out_of_sync(stack: Stack) -> list[str]:
    """Return the partitions that lack a replica in sync, as sentences."""
    return [
        f"{topic['topic']}[{found['partition']}]: {found['isr']} of {found['replicas']}"
        for topic in _request(stack, lambda admin: admin.describe_topics())
        for found in topic["partitions"]
        if set(found["isr"]) != set(found["replicas"])
    ]


def in_sync(stack: Stack, topic: str) -> set[tuple[int, ...]]:
    """Return the sets of in-sync brokers that occur among the partitions of a topic."""
    [described] = _request(stack, lambda admin: admin.describe_topics([topic]))
    return {tuple(sorted(found["isr"])) for found in described["partitions"]}


def reassign(stack: Stack, topic: str, replicas: dict[int, list[int]]) -> None:
    """Reassign partitions of a topic to these brokers, the first of which is to lead."""
    partitions = [(number, brokers, {}) for number, brokers in replicas.items()]
    request = AlterPartitionReassignmentsRequest(
        REASSIGN_MILLISECONDS, [(topic, partitions, {})], {}
    )
    answer = _request(stack, lambda admin: admin._send_request(request))  # noqa: SLF001
    errors = [code for _, parts, _ in answer.responses for _, code, *_ in parts]
    assert (answer.error_code, set(errors)) == (0, {0}), answer


def _request(stack: Stack, request: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> Any:
    """Retry until a broker answers: the client picks one at random, and it may be down."""

    def answered() -> Any:
        try:
            return with_admin(stack, request)
        except KafkaError:
            return None

    answer = eventually(answered, lambda seen: seen is not None)
    assert answer is not None, "no broker answered"
    return answer
