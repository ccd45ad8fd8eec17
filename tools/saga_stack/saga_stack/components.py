"""The components of a stack, and the environment of its services."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from saga_messaging.service import Service

from saga_stack.kafka.security import ADMIN, KafkaSecurity
from saga_stack.processes.child import Child
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.ports import LOOPBACK, PortReservation, reserve_free_port, reserve_port
from saga_stack.services import EMULATOR
from saga_stack.settings import EMULATOR_KEY, EMULATOR_WEBHOOK_SECRET, StackSettings

START_SECONDS = 180.0
"""Time for all components to become ready, together."""

WEBHOOK_PATH = "/webhooks/stripe"


class Component(Protocol):
    """A process of the stack."""

    @property
    def child(self) -> Child:
        """The child process."""
        ...

    def launch(self) -> None:
        """Start it without waiting until it is ready."""

    def not_ready(self) -> str | None:
        """Return the reason why it is not ready yet, or None.

        Raises:
            ChildFailedError: It ended; the message contains the end of its log.
        """
        ...

    def ask_to_stop(self) -> None:
        """Send the stop signal, if it is running, without waiting for the end."""

    def stop(self) -> None:
        """Stop it cleanly and release its ports; may be repeated, or called before `launch`."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of all components, known before the start because ports are reserved."""

    kafka_bootstrap: str
    databases: Mapping[str, str]
    stripe_api_base: str | None
    kafka_security: KafkaSecurity | None = None

    def kafka_options(self) -> dict[str, Any]:
        """Return the options of an aiokafka client; of the admin if Kafka is secured."""
        if self.kafka_security:
            return self.kafka_security.client_options(self.kafka_bootstrap)
        return {"bootstrap_servers": self.kafka_bootstrap}


def emulator_server(settings: StackSettings, payments: PortReservation | None) -> HttpServer:
    """Return the Stripe emulator, with its port reserved. Its data is kept like the databases.

    Args:
        settings: The stack's settings.
        payments: The port of the payment service, which receives the webhooks.
    """
    port = reserve(settings, EMULATOR)
    journal = settings.data_dir / EMULATOR / "journal"
    journal.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "stripe_emulator", "--port", str(port.port)]
    argv += ["--journal", str(journal)]
    if payments:
        argv += ["--webhook-url", f"http://{LOOPBACK}:{payments.port}{WEBHOOK_PATH}"]
        argv += ["--webhook-secret", EMULATOR_WEBHOOK_SECRET]
    return HttpServer(_child(settings, EMULATOR, argv, {}), port, "/healthz")


def service_server(
    settings: StackSettings, name: str, addresses: Addresses, port: PortReservation
) -> HttpServer:
    """Return one process of a service, on the port that is reserved for it."""
    service = settings.servers[name]
    environment = {
        **service_environment(settings, service, addresses),
        "HTTP_HOST": LOOPBACK,
        "HTTP_PORT": str(port.port),
    }
    argv = [sys.executable, "-m", service.module]
    return HttpServer(_child(settings, name, argv, environment), port, "/readyz")


def migration(settings: StackSettings, service: Service, addresses: Addresses) -> Child:
    """Return the process that migrates a service's database and creates its topics."""
    argv = [sys.executable, "-m", service.module, "migrate"]
    environment = service_environment(settings, service, addresses)
    if addresses.kafka_security:  # services may not create topics
        environment |= addresses.kafka_security.environment(ADMIN)
    return _child(settings, f"{service.name}-migrate", argv, environment)


def service_environment(
    settings: StackSettings, service: Service, addresses: Addresses
) -> dict[str, str]:
    """Return a service's environment variables: Kafka, its own database, Stripe."""
    security = addresses.kafka_security
    stripe = {"STRIPE_SECRET_KEY": settings.stripe_secret_key or EMULATOR_KEY}
    if addresses.stripe_api_base:
        stripe["STRIPE_API_BASE"] = addresses.stripe_api_base
    if settings.emulated_stripe:
        stripe["STRIPE_WEBHOOK_SECRET"] = EMULATOR_WEBHOOK_SECRET
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": addresses.kafka_bootstrap}
    if not settings.kafka_bootstrap:
        kafka["KAFKA_REPLICATION_FACTOR"] = str(settings.replication_factor)
        kafka["MIGRATION_KAFKA_SECONDS"] = f"{START_SECONDS:g}"
    return {
        **kafka,
        "KAFKA_TOPIC_PREFIX": settings.topic_prefix,
        "KAFKA_PARTITIONS": str(settings.partitions),
        "DATABASE_URL": addresses.databases[service.name],
        **(security.environment(service.access.group) if security else {}),
        **stripe,
        **settings.service_env,
    }


def _child(
    settings: StackSettings, name: str, argv: list[str], environment: Mapping[str, str]
) -> Child:
    log = settings.data_dir / "logs" / f"{name}.log"
    # The last output of a crashing process must reach the log.
    return Child(name, argv, log=log, env={"PYTHONUNBUFFERED": "1", **environment})


def reserve(settings: StackSettings, name: str) -> PortReservation:
    """Reserve the port of an HTTP server: the chosen one, or any free one.

    Raises:
        PortTakenError: The chosen port is in use.
    """
    port = settings.ports.get(name)
    return reserve_port(port, name) if port else reserve_free_port()
