"""Topic settings that the system depends on, compared with the topics that exist."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from saga_schemas.topics import DEAD_LETTER_SUFFIX

from saga_messaging.kafka.client import MAX_RECORD_BYTES
from saga_messaging.settings import KafkaSettings

logger = structlog.get_logger(__name__)

DEFAULT_RECORD_BYTES: Final = 1_048_588
"""Kafka's default of max.message.bytes: https://kafka.apache.org/documentation/#topicconfigs"""

UNLIMITED: Final = "-1"
_SETTING_OF: Final[Mapping[str, str]] = {"min.insync.replicas": "KAFKA_MIN_INSYNC_REPLICAS"}
"""The service's setting that decides a topic's setting; otherwise the topic's own name is shown."""


class Mismatch(NamedTuple):
    """A setting that an existing topic does not follow; `consequence` is what it leads to."""

    topic: str
    setting: str
    wanted: str
    found: str
    consequence: str


class _Rule(NamedTuple):
    wanted: str
    consequence: str
    follows: Callable[[str], bool]


def topic_config(settings: KafkaSettings, topic: str) -> dict[str, str]:
    """Return the configuration with which a topic, or a dead-letter topic, is created."""
    return {
        # With `acks=all`, a record is acknowledged by every in-sync replica, which may be a single
        # one. Below this number the broker refuses the record, and the publisher tries again.
        "min.insync.replicas": str(settings.min_insync_replicas),
        # A replica that lacks acknowledged records must not become leader; the partition waits
        # for a replica that has them.
        "unclean.leader.election.enable": "false",
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "max.message.bytes": str(_record_bytes(topic)),
    }


def _record_bytes(topic: str) -> int:
    return MAX_RECORD_BYTES if topic.endswith(DEAD_LETTER_SUFFIX) else DEFAULT_RECORD_BYTES


def _rules(settings: KafkaSettings, topic: str) -> dict[str, _Rule]:
    config = topic_config(settings, topic)
    consequences = {
        "min.insync.replicas": "acknowledged records are lost with fewer brokers, or none accepted",
        "unclean.leader.election.enable": "acknowledged records are lost with their leader",
        "cleanup.policy": "Kafka removes older records of a saga, and refuses those without a key",
        "compression.type": "the broker compresses every record again, with a codec of its own",
    }
    size, age = int(config["max.message.bytes"]), int(settings.kafka_min_retention_seconds * 1000)
    rules = {
        name: _Rule(config[name], consequence, config[name].__eq__)
        for name, consequence in consequences.items()
    }
    lost = "Kafka removes records that a stopped consumer has not read"
    return rules | {
        "max.message.bytes": _Rule(
            f"at least {size}", "larger records are parked or cut", partial(_is_at_least, size)
        ),
        "retention.ms": _Rule(f"at least {age}", lost, partial(_is_at_least, age)),
        "retention.bytes": _Rule(UNLIMITED, lost, UNLIMITED.__eq__),
    }


def _is_at_least(least: int, text: str) -> bool:
    return text == UNLIMITED or int(text) >= least


async def warn_of_mismatches(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[str]
) -> None:
    """Log a warning for each setting that one of the topics does not follow.

    A failure to read the configuration is logged and does not prevent the start.
    """
    try:
        for mismatch in await find_mismatches(admin, settings, topics):
            logger.warning("topic_config_mismatch", **mismatch._asdict())
    except KafkaError as error:
        logger.warning("topic_config_unavailable", error=repr(error))


async def find_mismatches(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[str]
) -> list[Mismatch]:
    """Return the settings that the topics do not follow; skip topics hidden by the broker's ACLs.

    Raises:
        KafkaError: No broker responded.
    """
    if not topics:
        return []
    descriptions = await admin.describe_topics(list(topics))
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(_rules(settings, topic)))
        for topic in topics
    ]
    responses = await admin.describe_configs(resources)
    configs = (resource for response in responses for resource in response.resources)  # pyright: ignore[reportAttributeAccessIssue]
    return [
        *(found for each in descriptions for found in _partition_mismatches(each, settings)),
        *(found for config in configs for found in _config_mismatches(config, settings)),
    ]


def _partition_mismatches(description: Any, settings: KafkaSettings) -> Iterator[Mismatch]:
    topic, partitions = description["topic"], description["partitions"]
    if not partitions:
        return
    fewest_replicas = min(len(partition["replicas"]) for partition in partitions)
    wanted, found = str(settings.kafka_partitions), str(len(partitions))
    if wanted != found:
        yield Mismatch(topic, "KAFKA_PARTITIONS", wanted, found, "another number of consumers")
    wanted, found = str(settings.kafka_replication_factor), str(fewest_replicas)
    if wanted != found:
        consequence = "records survive the loss of another number of brokers"
        yield Mismatch(topic, "KAFKA_REPLICATION_FACTOR", wanted, found, consequence)


def _config_mismatches(config: Any, settings: KafkaSettings) -> Iterator[Mismatch]:
    _error, _message, _type, topic, entries = config
    rules = _rules(settings, topic)
    for name, value, *_ in entries:
        rule = rules[name]
        if not rule.follows(value):
            yield Mismatch(
                topic, _SETTING_OF.get(name) or name, rule.wanted, value, rule.consequence
            )
