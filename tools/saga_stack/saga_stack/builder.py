"""Decides what a stack is made of, and reserves every port before anything starts."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from saga_stack.components import Addresses, Part, emulator_server, reserve, service_server
from saga_stack.kafka.acls import ACCESSES
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.kafka.cluster import brokers_of
from saga_stack.kafka.security import SECURITY_FOLDER, KafkaSecurity, ensure_security
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.ports import PortReservation
from saga_stack.services import EMULATOR, KAFKA, POSTGRES
from saga_stack.settings import StackSettings


@dataclass(frozen=True)
class Composition:
    """The parts of a stack by name, in the order in which they start, and where they will be."""

    parts: dict[str, Part]
    addresses: Addresses
    postgres: EmbeddedPostgres | None


@dataclass
class Composer:
    """Collects parts; if one cannot be made, the ports of the others are given up."""

    settings: StackSettings
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    ports: dict[str, PortReservation] = field(default_factory=dict[str, PortReservation])

    def compose(
        self, kafka: EmbeddedKafka | None, postgres: EmbeddedPostgres | None
    ) -> Composition:
        """Makes every part of the settings that is not brought along.

        Raises:
            PortTakenError: A port that was asked for is in use.
        """
        with self._giving_up_on_error():
            for name in self.settings.servers:
                self.ports[name] = reserve(self.settings, name)
            postgres = postgres or self._own_postgres()
            brokers = () if self.settings.kafka_bootstrap else self._kafka(kafka)
            addresses = Addresses(
                kafka_bootstrap=self.settings.kafka_bootstrap
                or ",".join(broker.bootstrap_servers for broker in brokers),
                kafka_security=brokers[0].security if brokers else None,
                databases=self._databases(postgres),
                stripe_api_base=self.settings.stripe_api_base or self._emulator(),
            )
            for name, port in self.ports.items():
                self.parts[name] = service_server(self.settings, name, addresses, port)
        return Composition(self.parts, addresses, postgres)

    def _kafka(self, shared: EmbeddedKafka | None) -> tuple[EmbeddedKafka, ...]:
        if shared:
            return (shared,)
        own = brokers_of(
            self.settings.data_dir / KAFKA,
            self.settings.brokers,
            self.settings.ports.get(KAFKA),
            self._kafka_security(),
        )
        self.parts.update(own)
        return tuple(own.values())

    def _kafka_security(self) -> KafkaSecurity | None:
        if not self.settings.secure_kafka:
            return None
        users = (access.group for access in ACCESSES.values())
        return ensure_security(self.settings.data_dir / KAFKA / SECURITY_FOLDER, users)

    def _own_postgres(self) -> EmbeddedPostgres | None:
        if not self.settings.embedded_databases:
            return None
        own = EmbeddedPostgres(self.settings.data_dir / POSTGRES)
        self.parts[POSTGRES] = own
        return own

    def _databases(self, postgres: EmbeddedPostgres | None) -> dict[str, str]:
        prefix = self.settings.database_prefix
        embedded = self.settings.embedded_databases if postgres else ()
        own = {name: postgres.dsn(prefix + name) for name in embedded if postgres}
        return {**own, **self.settings.database_urls}

    def _emulator(self) -> str | None:
        if not self.settings.emulated_stripe:
            return None
        server: HttpServer = emulator_server(self.settings, self.ports.get("payment"))
        self.parts[EMULATOR] = server
        return server.url

    @contextmanager
    def _giving_up_on_error(self) -> Generator[None]:
        with ExitStack() as undo:
            undo.callback(lambda: [part.stop() for part in self.parts.values()])
            undo.callback(lambda: [port.release() for port in self.ports.values()])
            yield
            undo.pop_all()
