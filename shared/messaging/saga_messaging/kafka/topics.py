"""The topics of the system, created with the settings that keep records safe."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from saga_schemas.topics import TOPICS, Topic

from saga_messaging.kafka.client import MAX_RECORD_BYTES, client_options
from saga_messaging.kafka.topic_config import durable, warn_of_differences
from saga_messaging.settings import KafkaSettings


def _new_topics(settings: KafkaSettings, topic: Topic) -> tuple[NewTopic, NewTopic]:
    prefix, size = settings.kafka_topic_prefix, settings.kafka_partitions
    replicas = settings.kafka_replication_factor
    lasting = durable(settings)
    letters = {**lasting, "max.message.bytes": str(MAX_RECORD_BYTES)}
    return (
        NewTopic(prefix + topic.name, size, replicas, topic_configs=lasting),
        NewTopic(prefix + topic.dead_letters, size, replicas, topic_configs=letters),
    )


async def create_topics(settings: KafkaSettings) -> None:
    """Create every topic that is missing; one that exists is left as it is.

    Where it does not follow a setting, the log has a warning that names topic and setting.

    All have the same number of partitions, so that a saga's key has one partition number.

    Raises:
        KafkaError: The broker refused, or is away.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        response = await admin.create_topics(
            [new for topic in TOPICS for new in _new_topics(settings, topic)]
        )
        await warn_of_differences(admin, settings, _existing(response))
    finally:
        await admin.close()


def _existing(response: Any) -> list[str]:
    existing: list[str] = []
    for name, code, *detail in response.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            existing.append(name)
        elif code:
            raise for_code(code)(f"topic {name} was not created: {detail}")
    return existing
