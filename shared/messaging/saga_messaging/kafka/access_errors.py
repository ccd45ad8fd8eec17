"""Explanations of refused Kafka connections and requests, naming the setting to correct."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from saga_messaging.kafka.client import client_options
from saga_messaging.settings import KafkaSettings

PROBE_TIMEOUT_MS: Final = 3_000
"""Time limit of a connection that is made to learn why another one was refused."""

_WRONG_HOST: Final = {62, 64}
"""OpenSSL's verification errors for a certificate of another host name or IP address."""


class KafkaAccessError(KafkaError):
    """A broker responded and refused this client; the text names the reason and the setting."""

    def __str__(self) -> str:
        return str(self.args[0])


@asynccontextmanager
async def explain_access_errors(settings: KafkaSettings) -> AsyncGenerator[None]:
    """Replace connection errors raised inside the block with errors that name a setting.

    aiokafka logs the reason of a failed connection and does not raise it.

    Raises:
        KafkaAccessError: A setting is the cause; any other error is raised unchanged.
    """
    try:
        yield
    except KafkaConnectionError as error:
        if reason := await _probe_servers(settings):
            raise KafkaAccessError(reason) from error
        raise
    except KafkaError as error:
        if reason := describe_access_error(error, settings):
            raise KafkaAccessError(reason) from error
        raise


def describe_access_error(error: BaseException | None, settings: KafkaSettings) -> str | None:
    """Return the right that is missing, and whose it is; None for any other error."""
    user = f"KAFKA_USERNAME={settings.kafka_username}"
    match error:
        case KafkaAccessError():
            return str(error)
        case TopicAuthorizationFailedError(args=[str() as topic, *_]):
            return f"{user} is not authorized to use topic {topic}: see docs/kafka-security.md"
        case GroupAuthorizationFailedError(args=[group, *_]):
            return f"{user} is not authorized to use group {group}: see docs/kafka-security.md"
        case ClusterAuthorizationFailedError():
            return f"{user} is not authorized to write any topic: see docs/kafka-security.md"
        case _:
            return None


async def _probe_servers(settings: KafkaSettings) -> str | None:
    """Return the reason given by the first server that refuses; None where none responds."""
    options = client_options(settings)
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        try:
            connection = await create_conn(
                host, port, request_timeout_ms=PROBE_TIMEOUT_MS, **options
            )
        except (KafkaError, OSError, TimeoutError) as error:
            if reason := _describe_refusal(error, settings):
                return f"{host}:{port} {reason}"
        else:
            connection.close()
    return None


def _describe_refusal(error: Exception, settings: KafkaSettings) -> str | None:
    user = settings.kafka_username
    match error:
        case SaslAuthenticationFailed():
            reason = f"rejected KAFKA_USERNAME={user} with this KAFKA_PASSWORD"
        case UnsupportedSaslMechanismError():
            reason = "does not support SCRAM-SHA-512, which KAFKA_USERNAME requires"
        case ssl.SSLCertVerificationError():
            reason = f"{_describe_certificate(error, settings)} ({error.verify_message})"
        case ssl.SSLError() | ConnectionResetError() if user:
            reason = f"does not use TLS, which KAFKA_USERNAME requires ({error})"
        case KafkaConnectionError() if not user:
            reason = "closed the connection: KAFKA_USERNAME and KAFKA_PASSWORD may be required"
        case _:
            reason = None
    return reason


def _describe_certificate(error: ssl.SSLCertVerificationError, settings: KafkaSettings) -> str:
    if error.verify_code in _WRONG_HOST:
        return "presented a certificate for a host that KAFKA_BOOTSTRAP_SERVERS does not name"
    authority = settings.kafka_ca_file or "unset: the system's authorities"
    return f"presented a certificate that cannot be verified with KAFKA_CA_FILE ({authority})"
