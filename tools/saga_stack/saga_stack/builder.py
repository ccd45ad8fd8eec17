"""The plan of a stack: every component, with its port reserved before anything starts."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from saga_stack.components import Addresses, Component, emulator_server, reserve, service_server
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.cluster import create_brokers
from saga_stack.kafka.security import SECURITY_FOLDER, KafkaSecurity, ensure_security
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.ports import PortReservation
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES
from saga_stack.settings import StackSettings


@dataclass(frozen=True)
class StackPlan:
    """The components of a stack by name, in the order of their start, and their addresses."""

    components: dict[str, Component]
    addresses: Addresses
    postgres: EmbeddedPostgres | None


@dataclass
class StackBuilder:
    """Collects components; if one cannot be created, the ports of all are released."""

    settings: StackSettings
    components: dict[str, Component] = field(default_factory=dict[str, Component])
    ports: dict[str, PortReservation] = field(default_factory=dict[str, PortReservation])

    def build(self, kafka: EmbeddedKafka | None, postgres: EmbeddedPostgres | None) -> StackPlan:
        """Create every component that the settings ask for, except a shared Kafka or PostgreSQL.

        Raises:
            PortTakenError: A requested port is in use.
        """
        with self._release_on_error():
            for name in self.settings.servers:
                self.ports[name] = reserve(self.settings, name)
            postgres = postgres or self._create_postgres()
            brokers = () if self.settings.kafka_bootstrap else self._brokers(kafka)
            addresses = Addresses(
                kafka_bootstrap=self.settings.kafka_bootstrap
                or ",".join(broker.bootstrap_servers for broker in brokers),
                kafka_security=brokers[0].security if brokers else None,
                databases=self._databases(postgres),
                stripe_api_base=self.settings.stripe_api_base or self._create_emulator(),
            )
            for name, port in self.ports.items():
                self.components[name] = service_server(self.settings, name, addresses, port)
        return StackPlan(self.components, addresses, postgres)

    def _brokers(self, shared: EmbeddedKafka | None) -> tuple[EmbeddedKafka, ...]:
        if shared:
            return (shared,)
        brokers = create_brokers(
            self.settings.data_dir / KAFKA,
            self.settings.brokers,
            self.settings.ports.get(KAFKA),
            self._kafka_security(),
        )
        self.components.update(brokers)
        return tuple(brokers.values())

    def _kafka_security(self) -> KafkaSecurity | None:
        if not self.settings.secure_kafka:
            return None
        users = (service.access.group for service in SERVICES.values())
        return ensure_security(self.settings.data_dir / KAFKA / SECURITY_FOLDER, users)

    def _create_postgres(self) -> EmbeddedPostgres | None:
        if not self.settings.embedded_databases:
            return None
        server = EmbeddedPostgres(self.settings.data_dir / POSTGRES)
        self.components[POSTGRES] = server
        return server

    def _databases(self, postgres: EmbeddedPostgres | None) -> dict[str, str]:
        prefix = self.settings.database_prefix
        names = self.settings.embedded_databases if postgres else ()
        embedded = {name: postgres.dsn(prefix + name) for name in names if postgres}
        return {**embedded, **self.settings.database_urls}

    def _create_emulator(self) -> str | None:
        if not self.settings.emulated_stripe:
            return None
        server: HttpServer = emulator_server(self.settings, self.ports.get("payment"))
        self.components[EMULATOR] = server
        return server.url

    @contextmanager
    def _release_on_error(self) -> Generator[None]:
        with ExitStack() as undo:
            undo.callback(lambda: [each.stop() for each in self.components.values()])
            undo.callback(lambda: [port.release() for port in self.ports.values()])
            yield
            undo.pop_all()
