"""How every client of ours talks to Kafka: addresses, credentials, topics."""

import ssl
from typing import Any, Final

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
