"""The local stack: broker, databases, Stripe emulator and services, as one thing."""

import logging
import shutil
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from saga_stack.builder import Composer
from saga_stack.components import migration
from saga_stack.kafka.acls import ACCESSES, acls, allow
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.child import Child, run_to_the_end
from saga_stack.processes.http_server import HttpServer
from saga_stack.processes.waiting import wait_until_nothing
from saga_stack.services import EMULATOR, SERVICES
from saga_stack.settings import StackSettings

READY_SECONDS = 60.0
MIGRATION_SECONDS = 120.0

Report = Callable[[str], None]
_log = logging.getLogger(__name__)


class Stack:
    """Starts everything in order, and stops everything whatever happens.

    As a context manager it is ready inside the block and gone after it. The names of its parts
    are `kafka` (of several brokers: `kafka-1`, `kafka-2`, …), `postgres`, `emulator`, `user`,
    `order_saga` and `payment`, as far as they run here, and `payment-2`, `payment-3` where a
    service has more than one replica. All methods block. Not safe for use from several threads.
    """

    def __init__(
        self,
        settings: StackSettings,
        kafka: EmbeddedKafka | None = None,
        postgres: EmbeddedPostgres | None = None,
    ) -> None:
        """Reserves every port; nothing runs before `start_all`.

        Args:
            settings: What the stack consists of.
            kafka: A running broker to share; it is neither started nor stopped here.
            postgres: A running server to share; it is neither started nor stopped here.

        Raises:
            PortTakenError: A port that was asked for is in use.
        """
        composition = Composer(settings).compose(kafka, postgres)
        self.settings = settings
        self.parts = composition.parts
        self.addresses = composition.addresses
        self._postgres = composition.postgres
        self._wanted: set[str] = set()

    @property
    def orders_url(self) -> str:
        """The address of the order saga's HTTP interface."""
        return self.url("order_saga")

    @property
    def users_url(self) -> str:
        """The address of the user service."""
        return self.url("user")

    @property
    def payments_url(self) -> str:
        """The address of the payment service."""
        return self.url("payment")

    @property
    def emulator_url(self) -> str:
        """The address of the Stripe emulator."""
        return self.url(EMULATOR)

    @property
    def kafka_bootstrap(self) -> str:
        """What Kafka clients connect to."""
        return self.addresses.kafka_bootstrap

    @property
    def kafka_options(self) -> dict[str, Any]:
        """What aiokafka's clients are told to connect, as the admin where Kafka has users."""
        return self.addresses.kafka_options()

    @property
    def database_urls(self) -> dict[str, str]:
        """The SQLAlchemy address of each service's database."""
        return dict(self.addresses.databases)

    @property
    def urls(self) -> dict[str, str]:
        """The base address of every part that serves HTTP, by name."""
        return {name: part.url for name, part in self.parts.items() if isinstance(part, HttpServer)}

    def url(self, name: str) -> str:
        """The base address of a part that serves HTTP.

        Raises:
            KeyError: It is not part of this stack.
        """
        return self.urls[name]

    def start_all(self, report: Report = _log.info) -> None:
        """Starts everything, in order; returns when everything is ready.

        When something fails, everything is stopped before the error leaves.

        Args:
            report: Told what is going on, in one line each.

        Raises:
            StackError: Something did not start; the message has the end of its log.
        """
        try:
            shutil.rmtree(self.settings.data_dir / "logs", ignore_errors=True)
            foundation = [name for name in self.parts if name not in self.settings.servers]
            report(f"Starting {', '.join(foundation)}" if foundation else "Using what runs already")
            self._start(foundation)
            report("Creating databases and topics")
            self._migrate()
            report(f"Starting {', '.join(self.settings.servers)}")
            self._start(self.settings.servers)
            report("Ready")
        except BaseException:
            self.stop_all()
            raise

    def stop_all(self) -> None:
        """Stops everything cleanly: the services first, as they still need what is below them."""
        self._wanted.clear()
        servers = self.settings.servers
        services = [part for name, part in self.parts.items() if name in servers]
        others = [part for name, part in self.parts.items() if name not in servers]
        for group in (services, others):
            for part in group:
                part.ask_to_stop()
            for part in group:
                part.stop()

    def start(self, *names: str) -> None:
        """Starts parts again, all at once; returns when they are ready."""
        self._start(names)

    def stop(self, name: str) -> None:
        """Stops one part cleanly (SIGTERM); returns when it is gone."""
        self._wanted.discard(name)
        self.parts[name].stop()

    def kill(self, name: str) -> None:
        """Ends one part with SIGKILL, as a crash would; returns when it is gone."""
        self._wanted.discard(name)
        self.child(name).kill()

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return self.child(name).pid

    def child(self, name: str) -> Child:
        """The process of one part, for example to pause it or to read its log."""
        return self.parts[name].child

    def check(self) -> None:
        """Returns while everything runs that was not stopped on purpose.

        Raises:
            ChildFailedError: A part ended; the message names it and has the end of its log.
        """
        for name in self._wanted:
            self.child(name).require_running()

    def __enter__(self) -> Self:
        self.start_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop_all()

    def _start(self, names: Iterable[str]) -> None:
        for name in names:
            self.parts[name].launch()
            self._wanted.add(name)

        def missing() -> str | None:
            return "; ".join(filter(None, (self.parts[name].not_ready() for name in names)))

        wait_until_nothing(missing, READY_SECONDS)

    def _migrate(self) -> None:
        if self.addresses.kafka_security:
            allow(self.kafka_options, acls(ACCESSES.values(), self.settings.topic_prefix))
        for name in self.settings.embedded_databases:
            if self._postgres:
                self._postgres.create_database(self.settings.database_prefix + name)
        services = [SERVICES[name] for name in self.settings.services]
        children = [migration(self.settings, service, self.addresses) for service in services]
        run_to_the_end(children, MIGRATION_SECONDS)
