"""The settings of a local stack, and the environment variables that change them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from saga_messaging.service import Service

from saga_stack.errors import ForbiddenKeyError, StackError
from saga_stack.kafka.config import replication_factor
from saga_stack.services import SERVICES, replicas_of

EMULATOR_KEY = "sk_test_emulator"
EMULATOR_WEBHOOK_SECRET = "whsec_of_the_local_stack"  # noqa: S105 - used on loopback only
TEST_KEYS = ("sk_test_", "rk_test_")


@dataclass(frozen=True)
class StackSettings:
    """The settings of a stack, independent of the environment.

    Attributes:
        data_dir: Folder of the databases, broker logs and log files; created if missing.
        services: The names of the services to run.
        replicas: The number of processes by service; default: 1.
        ports: The port by component (`kafka`, `emulator`, or a service's name); default: a free
            one. `kafka` is the port of the first broker.
        brokers: The number of embedded brokers, which is odd; a partition has up to three replicas.
        kafka_bootstrap: An existing broker; default: embedded brokers.
        database_urls: Existing databases by service; default: embedded databases.
        database_prefix: The prefix of the embedded databases' names.
        stripe_secret_key: A test mode key for Stripe itself; default: the emulator.
        stripe_api_base: An address other than Stripe's; no emulator runs then.
        topic_prefix: The prefix of topics and consumer groups.
        partitions: The number of partitions of each topic.
        secure_kafka: True for an embedded broker with TLS, passwords, and ACLs for each service.
        service_env: Additional environment variables of the services.
    """

    data_dir: Path
    services: tuple[str, ...] = tuple(SERVICES)
    replicas: Mapping[str, int] = field(default_factory=dict[str, int])
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    brokers: int = 1
    kafka_bootstrap: str | None = None
    database_urls: Mapping[str, str] = field(default_factory=dict[str, str])
    database_prefix: str = ""
    stripe_secret_key: str | None = None
    stripe_api_base: str | None = None
    topic_prefix: str = ""
    partitions: int = 8
    secure_kafka: bool = False
    service_env: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Refuse settings that cannot be used together.

        Raises:
            ForbiddenKeyError: The Stripe key is not a test mode key.
            StackError: The settings of the embedded broker are contradictory or invalid.
        """
        if self.stripe_secret_key and not self.stripe_secret_key.startswith(TEST_KEYS):
            raise ForbiddenKeyError(
                "STRIPE_SECRET_KEY is not a test mode key; it is not used.",
                "Use a key that begins with sk_test_, or unset it to use the Stripe emulator.",
            )
        if self.secure_kafka and self.kafka_bootstrap:
            raise StackError(
                "--secure-kafka requires the embedded broker, but KAFKA_BOOTSTRAP_SERVERS is set.",
                "Omit one of them; docs/kafka-security.md explains how to secure your own cluster.",
            )
        if self.brokers < 1 or self.brokers % 2 == 0:
            raise StackError(
                f"--brokers {self.brokers} is not a positive odd number.",
                "A majority must be running, so an even number tolerates no further failure.",
            )
        if self.brokers > 1 and self.kafka_bootstrap:
            raise StackError(
                f"--brokers {self.brokers} requires embedded brokers, but KAFKA_BOOTSTRAP_SERVERS "
                f"is set: {self.kafka_bootstrap}.",
                "Omit --brokers, or unset KAFKA_BOOTSTRAP_SERVERS.",
            )

    @property
    def replication_factor(self) -> int:
        """The number of embedded brokers that hold each partition."""
        return replication_factor(self.brokers)

    @property
    def servers(self) -> dict[str, Service]:
        """The service of every process, by component name."""
        return {
            replica: SERVICES[name]
            for name in self.services
            for replica in replicas_of(name, self.replicas.get(name, 1))
        }

    @property
    def emulated_stripe(self) -> bool:
        """True if the stack runs the Stripe emulator."""
        return not self.stripe_secret_key and not self.stripe_api_base

    @property
    def embedded_databases(self) -> tuple[str, ...]:
        """The services with an embedded database."""
        return tuple(name for name in self.services if name not in self.database_urls)


def with_environment(
    settings: StackSettings, environment: Mapping[str, str] = os.environ
) -> StackSettings:
    """Return the settings with the environment's broker, databases, Stripe key and topics.

    Raises:
        ForbiddenKeyError: `STRIPE_SECRET_KEY` is not a test mode key.
        StackError: `KAFKA_PARTITIONS` is not a positive number.
    """
    databases = {
        service.name: environment[service.database_variable]
        for service in SERVICES.values()
        if environment.get(service.database_variable)
    }
    return replace(
        settings,
        kafka_bootstrap=environment.get("KAFKA_BOOTSTRAP_SERVERS") or None,
        database_urls=databases,
        stripe_secret_key=environment.get("STRIPE_SECRET_KEY") or None,
        stripe_api_base=environment.get("STRIPE_API_BASE") or None,
        topic_prefix=environment.get("KAFKA_TOPIC_PREFIX", settings.topic_prefix),
        partitions=_partitions(environment.get("KAFKA_PARTITIONS"), settings.partitions),
    )


def _partitions(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise StackError(
            f"KAFKA_PARTITIONS: {text!r} is not a positive number.",
            "Set it to the number of partitions of each topic, or unset it.",
        )
    return int(text)
