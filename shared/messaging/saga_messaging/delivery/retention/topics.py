"""How long Kafka keeps a service's messages, which bounds how early they may be forgotten."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.settings import KafkaSettings

_RETENTION: Final = "retention.ms"
_CLEANUP: Final = "cleanup.policy"
_DAY_MS: Final = timedelta(days=1) / timedelta(milliseconds=1)


async def topic_retention_days(settings: KafkaSettings, topics: Sequence[str]) -> dict[str, float]:
    """Return for how many days Kafka keeps the records of each topic; infinity for no limit.

    https://kafka.apache.org/documentation/#topicconfigs_retention.ms

    Raises:
        KafkaError: No broker responded, or one refused to describe a topic.
        TimeoutError: No response within `KAFKA_REQUEST_TIMEOUT_SECONDS`.
    """
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys((_RETENTION, _CLEANUP)))
        for topic in topics
    ]
    async with (
        asyncio.timeout(settings.kafka_request_timeout_seconds),
        connected_admin(client_options(settings), settings.kafka_request_timeout_seconds) as admin,
    ):
        responses = await admin.describe_configs(resources)
    found = (resource for response in responses for resource in response.resources)  # pyright: ignore[reportAttributeAccessIssue]
    return dict(map(_days, found))


def kept_longer(topics: Mapping[str, float], days: float) -> dict[str, float]:
    """Return the topics that keep their records for as long as that, or longer."""
    return {topic: kept for topic, kept in topics.items() if kept >= days}


def _days(resource: Any) -> tuple[str, float]:
    code, message, _type, topic, entries = resource
    if code:
        error: type[KafkaError] = for_code(code)
        raise error(f"the configuration of topic {topic} could not be read: {message}")
    values = {name: value for name, value, *_ in entries}
    retention = int(values[_RETENTION])
    endless = retention < 0 or "delete" not in values[_CLEANUP]
    return topic, math.inf if endless else retention / _DAY_MS
