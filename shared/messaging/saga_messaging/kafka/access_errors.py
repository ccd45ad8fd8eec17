"""Why Kafka turns us away, in words that name the setting to correct."""

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

REFUSED_MS: Final = 3_000  # who refuses does so at once
_WRONG_HOST: Final = {62, 64}  # OpenSSL: the certificate is for another name, another address


class KafkaRefuses(KafkaError):
    """A broker is there and turns us away; the text says why, and which setting that is about."""

    def __str__(self) -> str:
        return str(self.args[0])


@asynccontextmanager
async def explained(settings: KafkaSettings) -> AsyncGenerator[None]:
    """Inside the block a client connects; aiokafka itself only logs why it cannot.

    Raises:
        KafkaRefuses: In the place of an error that a setting is to blame for.
    """
    try:
        yield
    except KafkaConnectionError as error:
        if reason := await _refusal(settings):
            raise KafkaRefuses(reason) from error
        raise
    except KafkaError as error:
        if reason := denial(error, settings):
            raise KafkaRefuses(reason) from error
        raise


def denial(error: BaseException | None, settings: KafkaSettings) -> str | None:
    """What is refused, and to whom; None where the error is about something else."""
    user = f"KAFKA_USERNAME={settings.kafka_username}"
    match error:
        case KafkaRefuses():
            return str(error)
        case TopicAuthorizationFailedError(args=[str() as topic, *_]):
            return f"{user} may not use topic {topic}: docs/kafka-security.md"
        case GroupAuthorizationFailedError(args=[group, *_]):
            return f"{user} may not read in group {group}: docs/kafka-security.md"
        case ClusterAuthorizationFailedError():
            return f"{user} may write no topic: docs/kafka-security.md"
        case _:
            return None


async def _refusal(settings: KafkaSettings) -> str | None:
    """Why the servers turn us away; None where all of them just do not answer."""
    options = client_options(settings)
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        try:
            connection = await create_conn(host, port, request_timeout_ms=REFUSED_MS, **options)
        except (KafkaError, OSError, TimeoutError) as error:
            if reason := _reason(error, settings):
                return f"{host}:{port} {reason}"
        else:
            connection.close()
    return None


def _reason(error: Exception, settings: KafkaSettings) -> str | None:
    user = settings.kafka_username
    match error:
        case SaslAuthenticationFailed():
            reason = f"does not know KAFKA_USERNAME={user} with this KAFKA_PASSWORD"
        case UnsupportedSaslMechanismError():
            reason = "offers no SCRAM-SHA-512, which KAFKA_USERNAME asks for"
        case ssl.SSLCertVerificationError():
            reason = f"{_distrusted(error, settings)} ({error.verify_message})"
        case ssl.SSLError() | ConnectionResetError() if user:
            reason = f"does not speak TLS, which KAFKA_USERNAME asks for ({error})"
        case KafkaConnectionError() if not user:
            reason = "closed the connection: does it want KAFKA_USERNAME and KAFKA_PASSWORD?"
        case _:
            reason = None
    return reason


def _distrusted(error: ssl.SSLCertVerificationError, settings: KafkaSettings) -> str:
    if error.verify_code in _WRONG_HOST:
        return "shows a certificate for another host than KAFKA_BOOTSTRAP_SERVERS names"
    authority = settings.kafka_ca_file or "unset: the system's own"
    return f"shows a certificate that KAFKA_CA_FILE ({authority}) does not vouch for"
