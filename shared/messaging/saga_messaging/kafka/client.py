"""Options that every Kafka client of the system shares: addresses, credentials, record size."""

import ssl
from typing import Any, Final

from saga_messaging.settings import KafkaSettings

MAX_RECORD_BYTES: Final = 2 * 1024 * 1024
"""Largest record to publish. A record of Kafka's default limit (1 MiB) fits as a dead letter,
with the reason in its headers."""


def tls_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Return a context that verifies the broker's certificate and host name.

    The authority is KAFKA_CA_FILE, or the system's authorities where that is unset.
    """
    return ssl.create_default_context(cafile=settings.kafka_ca_file)


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return keyword arguments for an aiokafka client.

    With a user name the client authenticates with SCRAM-SHA-512, and only over TLS.
    """
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
