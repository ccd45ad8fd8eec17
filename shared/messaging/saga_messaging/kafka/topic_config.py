"""Topic settings that protect acknowledged records, compared with the topics that exist."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from saga_messaging.settings import KafkaSettings

logger = structlog.get_logger(__name__)

_SETTING_OF: Final = {
    "min.insync.replicas": "KAFKA_MIN_INSYNC_REPLICAS",
    "unclean.leader.election.enable": "unclean.leader.election.enable",
}


class Mismatch(NamedTuple):
    """A setting that an existing topic does not follow."""

    topic: str
    setting: str
    wanted: str
    found: str


def topic_config(settings: KafkaSettings) -> dict[str, str]:
    """Return the configuration of every topic, dead-letter topics included."""
    return {
        # With `acks=all`, a record is acknowledged by every in-sync replica, which may be a single
        # one. Below this number the broker refuses the record, and the publisher tries again.
        "min.insync.replicas": str(settings.min_insync_replicas),
        # A replica that lacks acknowledged records must not become leader; the partition waits
        # for a replica that has them.
        "unclean.leader.election.enable": "false",
    }


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
        ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(_SETTING_OF))
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
    yield from _compare(
        topic, "KAFKA_PARTITIONS", str(settings.kafka_partitions), str(len(partitions))
    )
    yield from _compare(
        topic,
        "KAFKA_REPLICATION_FACTOR",
        str(settings.kafka_replication_factor),
        str(fewest_replicas),
    )


def _config_mismatches(config: Any, settings: KafkaSettings) -> Iterator[Mismatch]:
    _error, _message, _type, topic, entries = config
    wanted = topic_config(settings)
    for name, value, *_ in entries:
        yield from _compare(topic, _SETTING_OF[name], wanted[name], value)


def _compare(topic: str, setting: str, wanted: str, found: str) -> Iterator[Mismatch]:
    if wanted != found:
        yield Mismatch(topic, setting, wanted, found)
