"""What a local stack consists of, and what of it the user brings along."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from saga_stack.errors import ForbiddenKeyError, StackError
from saga_stack.kafka.config import copies
from saga_stack.services import SERVICES, Service, replicas_of

EMULATOR_KEY = "sk_test_emulator"
EMULATOR_WEBHOOK_SECRET = "whsec_of_the_local_stack"  # noqa: S105 - of nobody else
TEST_KEYS = ("sk_test_", "rk_test_")


@dataclass(frozen=True)
class StackSettings:
    """Everything that can be chosen about a stack. Nothing is read from the environment here.

    Attributes:
        data_dir: Databases, broker log and log files; created if missing, kept afterwards.
        services: Which of our services run.
        replicas: How many processes of a service run, by service; one of what is not named.
        ports: By part (`kafka`, `emulator`, `user`, `order_saga`, `payment`); a free port is
            chosen for what is not named, such as `payment-2`. `kafka` is that of the first broker.
        brokers: How many of Kafka are embedded, an odd number; each partition is on three of them.
        kafka_bootstrap: A broker of the user's own; without it Kafka is embedded.
        database_urls: Databases of the user's own, by service; the others are embedded.
        database_prefix: Put before the names of embedded databases.
        stripe_secret_key: A test mode key for Stripe itself; without it the emulator runs.
        stripe_api_base: Another address than Stripe's own; with it no emulator runs either.
        topic_prefix: Put before every topic's name.
        partitions: Of every topic.
        secure_kafka: Whether the embedded broker lets in only users with a password, over TLS, each
            to its own topics.
        service_env: More environment for the services.
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
        """Refuses what makes no stack.

        Raises:
            ForbiddenKeyError: The Stripe key is not of test mode.
            StackError: What is asked of the embedded broker cannot be had.
        """
        if self.stripe_secret_key and not self.stripe_secret_key.startswith(TEST_KEYS):
            raise ForbiddenKeyError(
                "STRIPE_SECRET_KEY is not a test mode key; it is not used.",
                "Use a key that begins with sk_test_, or unset it to use the Stripe emulator.",
            )
        if self.secure_kafka and self.kafka_bootstrap:
            raise StackError(
                "--secure-kafka is for the embedded broker; KAFKA_BOOTSTRAP_SERVERS names another.",
                "Unset one of them; docs/kafka-security.md is about a cluster of your own.",
            )
        if self.brokers < 1 or self.brokers % 2 == 0:
            raise StackError(
                f"--brokers {self.brokers}: it must be an odd number.",
                "Most of the nodes must be there, so an even one more bears no further loss.",
            )
        if self.brokers > 1 and self.kafka_bootstrap:
            raise StackError(
                f"--brokers {self.brokers} starts a cluster here, and KAFKA_BOOTSTRAP_SERVERS "
                f"names another: {self.kafka_bootstrap}.",
                "Leave out --brokers, or unset KAFKA_BOOTSTRAP_SERVERS.",
            )

    @property
    def replication_factor(self) -> int:
        """How many of the embedded brokers hold each partition."""
        return copies(self.brokers)

    @property
    def servers(self) -> dict[str, Service]:
        """Every process of our services, by the name of its part."""
        return {
            part: SERVICES[name]
            for name in self.services
            for part in replicas_of(name, self.replicas.get(name, 1))
        }

    @property
    def emulated_stripe(self) -> bool:
        """Whether Stripe is the emulator of this stack."""
        return not self.stripe_secret_key and not self.stripe_api_base

    @property
    def embedded_databases(self) -> tuple[str, ...]:
        """The services whose database is embedded."""
        return tuple(name for name in self.services if name not in self.database_urls)


def with_environment(
    settings: StackSettings, environment: Mapping[str, str] = os.environ
) -> StackSettings:
    """The settings with what the environment brings along: broker, databases, Stripe key.

    Raises:
        ForbiddenKeyError: `STRIPE_SECRET_KEY` is not a test mode key.
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
        partitions=int(environment.get("KAFKA_PARTITIONS") or settings.partitions),
    )
