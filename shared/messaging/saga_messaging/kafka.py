"""How every client of ours talks to Kafka: addresses, credentials, topics."""

import ssl
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from saga_schemas.topics import TOPICS, Topic

from saga_messaging.durability import durable, warn_of_differences
from saga_messaging.settings import KafkaSettings

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
"""Of a record that we send, and of a dead letter: the largest message that Kafka takes by default
(1 MiB) with the reason in its headers still fits."""


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Verify the broker's certificate and name, by KAFKA_CA_FILE or the system's CAs."""
    return ssl.create_default_context(cafile=settings.kafka_ca_file)


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """What aiokafka's clients share. With a user name: SCRAM-SHA-512, and only over TLS."""
    options: dict[str, Any] = {"bootstrap_servers": settings.kafka_bootstrap_servers}
    if settings.kafka_username and settings.kafka_password:
        options |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
            "ssl_context": tls_context(settings),
        }
    return options


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
    await admin.start()
    try:
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
