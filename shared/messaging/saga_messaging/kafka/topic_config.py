"""What keeps acknowledged records: the settings of a topic, and whether an older one has them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from saga_messaging.settings import KafkaSettings

logger = structlog.get_logger(__name__)

_NAMES = {
    "min.insync.replicas": "KAFKA_MIN_INSYNC_REPLICAS",
    "unclean.leader.election.enable": "unclean.leader.election.enable",
}


class Difference(NamedTuple):
    """A topic that exists, but not as the settings would have made it."""

    topic: str
    setting: str
    wanted: str
    found: str


def durable(settings: KafkaSettings) -> dict[str, str]:
    """The settings of every topic of ours, those of dead letters included."""
    return {
        # With `acks=all` a record is acknowledged by every replica in sync, which may be one alone:
        # that one's loss must lose nothing, so less than this many take nothing, and we try again.
        "min.insync.replicas": str(settings.min_insync_replicas),
        # A replica that lacks acknowledged records never leads: rather wait for one that has them.
        "unclean.leader.election.enable": "false",
    }


async def warn_of_differences(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[str]
) -> None:
    """Log a warning for each setting that one of these topics does not follow.

    It is no reason not to start, so where the broker does not tell, the log says that.
    """
    try:
        for different in await differences(admin, settings, topics):
            logger.warning("topic_differs", **different._asdict())
    except KafkaError as error:
        logger.warning("topics_not_compared", error=repr(error))


async def differences(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Sequence[str]
) -> list[Difference]:
    """How these topics differ; nothing of those that the broker does not show to us.

    Raises:
        KafkaError: No broker answered.
    """
    if not topics:
        return []
    shapes = await admin.describe_topics(list(topics))
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(_NAMES)) for topic in topics
    ]
    answers = await admin.describe_configs(resources)
    configs = (resource for answer in answers for resource in answer.resources)  # pyright: ignore[reportAttributeAccessIssue]
    return [
        *(found for shape in shapes for found in _of_shape(shape, settings)),
        *(found for config in configs for found in _of_configs(config, settings)),
    ]


def _of_shape(shape: Any, settings: KafkaSettings) -> Iterator[Difference]:
    partitions = shape["partitions"]
    if not partitions:
        return
    yield from _compared(
        shape["topic"], "KAFKA_PARTITIONS", str(settings.kafka_partitions), str(len(partitions))
    )
    fewest = min(len(partition["replicas"]) for partition in partitions)
    yield from _compared(
        shape["topic"],
        "KAFKA_REPLICATION_FACTOR",
        str(settings.kafka_replication_factor),
        str(fewest),
    )


def _of_configs(config: Any, settings: KafkaSettings) -> Iterator[Difference]:
    _error, _message, _type, topic, entries = config
    wanted = durable(settings)
    for name, value, *_ in entries:
        yield from _compared(topic, _NAMES[name], wanted[name], value)


def _compared(topic: str, setting: str, wanted: str, found: str) -> Iterator[Difference]:
    if wanted != found:
        yield Difference(topic, setting, wanted, found)
