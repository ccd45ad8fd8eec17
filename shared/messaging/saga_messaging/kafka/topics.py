"""Creation of the system's topics, with the settings that protect acknowledged records."""

from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from saga_schemas.topics import TOPICS, Topic

from saga_messaging.kafka.admin import connected_admin
from saga_messaging.kafka.client import client_options
from saga_messaging.kafka.topic_config import topic_config, warn_of_mismatches
from saga_messaging.settings import KafkaSettings


async def create_topics(settings: KafkaSettings) -> None:
    """Create every missing topic and its dead-letter topic; leave existing topics unchanged.

    Log a warning for each setting that an existing topic does not follow. All topics have the
    same number of partitions, so a saga's key maps to one partition number on all of them.

    Raises:
        KafkaError: The broker refused a topic, or no broker responded.
    """
    async with connected_admin(
        client_options(settings), settings.kafka_request_timeout_seconds
    ) as admin:
        response = await admin.create_topics(
            [new for topic in TOPICS for new in _new_topics(settings, topic)]
        )
        await warn_of_mismatches(admin, settings, _existing(response))


def _new_topics(settings: KafkaSettings, topic: Topic) -> tuple[NewTopic, NewTopic]:
    prefix, size = settings.kafka_topic_prefix, settings.kafka_partitions
    replicas = settings.kafka_replication_factor
    topic_, dead_letters = (
        NewTopic(prefix + name, size, replicas, topic_configs=topic_config(settings, name))
        for name in (topic.name, topic.dead_letters)
    )
    return topic_, dead_letters


def _existing(response: Any) -> list[str]:
    existing: list[str] = []
    for name, code, *detail in response.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            existing.append(name)
        elif code:
            raise for_code(code)(f"topic {name} was not created: {detail}")
    return existing
