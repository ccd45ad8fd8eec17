"""The local stack: Kafka, PostgreSQL, the Stripe emulator and the services."""

import logging
import shutil
from types import TracebackType
from typing import Any, Self

from saga_stack.builder import StackBuilder
from saga_stack.kafka.broker import EmbeddedKafka
from saga_stack.postgres.server import EmbeddedPostgres
from saga_stack.processes.child import Child
from saga_stack.processes.http_server import HttpServer
from saga_stack.services import EMULATOR
from saga_stack.settings import StackSettings
from saga_stack.start import Report, await_ready, launch, start_stack

READY_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Stack:
    """Starts all components in order, and stops all of them in any case.

    As a context manager it is ready inside the block and stopped after it. Its components are
    named `kafka` (a cluster: `kafka-1`, `kafka-2`, …), `postgres`, `emulator`, and each service by
    its name, such as `payment`, with further replicas as `payment-2`, `payment-3`. All methods
    block. Not thread-safe.
    """

    def __init__(
        self,
        settings: StackSettings,
        kafka: EmbeddedKafka | None = None,
        postgres: EmbeddedPostgres | None = None,
    ) -> None:
        """Reserve every port; the components run from `start_all` on.

        Args:
            settings: The stack's settings.
            kafka: A running broker to share; it is neither started nor stopped here.
            postgres: A running server to share; it is neither started nor stopped here.

        Raises:
            PortTakenError: A requested port is in use.
        """
        plan = self._plan = StackBuilder(settings).build(kafka, postgres)
        self.settings = settings
        self.components = plan.components
        self.addresses = plan.addresses
        self._started: set[str] = set()

    @property
    def orders_url(self) -> str:
        """The base address of the order service."""
        return self.url("order_saga")

    @property
    def users_url(self) -> str:
        """The base address of the user service."""
        return self.url("user")

    @property
    def payments_url(self) -> str:
        """The base address of the payment service."""
        return self.url("payment")

    @property
    def emulator_url(self) -> str:
        """The base address of the Stripe emulator."""
        return self.url(EMULATOR)

    @property
    def kafka_bootstrap(self) -> str:
        """The brokers' addresses, separated by commas."""
        return self.addresses.kafka_bootstrap

    @property
    def kafka_options(self) -> dict[str, Any]:
        """The options of an aiokafka client; of the admin if Kafka is secured."""
        return self.addresses.kafka_options()

    @property
    def database_urls(self) -> dict[str, str]:
        """The SQLAlchemy URL of each service's database."""
        return dict(self.addresses.databases)

    @property
    def urls(self) -> dict[str, str]:
        """The base address of every component that serves HTTP, by name."""
        return {
            name: each.url for name, each in self.components.items() if isinstance(each, HttpServer)
        }

    def url(self, name: str) -> str:
        """Return the base address of a component that serves HTTP.

        Raises:
            KeyError: The stack has no such component.
        """
        return self.urls[name]

    def start_all(self, report: Report = _log.info) -> None:
        """Start all components; return when all are ready.

        After a failure, everything is stopped before the error is raised.

        Args:
            report: Called with each progress message, one line long.

        Raises:
            StackError: A component did not start; the message contains the end of its log.
        """
        try:
            shutil.rmtree(self.settings.data_dir / "logs", ignore_errors=True)
            start_stack(self.settings, self._plan, report)
            self._started.update(self.components)
        except BaseException:
            self.stop_all()
            raise

    def stop_all(self) -> None:
        """Stop everything cleanly, services first because they need the others."""
        self._started.clear()
        servers = self.settings.servers
        services = [each for name, each in self.components.items() if name in servers]
        others = [each for name, each in self.components.items() if name not in servers]
        for group in (services, others):
            for each in group:
                each.ask_to_stop()
            for each in group:
                each.stop()

    def start(self, *names: str) -> None:
        """Restart components, all at once; return when they are ready."""
        chosen = {name: self.components[name] for name in names}
        launch(chosen)
        self._started.update(names)
        await_ready(chosen, READY_SECONDS)

    def stop(self, name: str) -> None:
        """Stop one component cleanly (SIGTERM); return when it has ended."""
        self._started.discard(name)
        self.components[name].stop()

    def kill(self, name: str) -> None:
        """Kill one component with SIGKILL, like a crash; return when it has ended."""
        self._started.discard(name)
        self.child(name).kill()

    def pid(self, name: str) -> int:
        """Return the process id of one component."""
        return self.child(name).pid

    def child(self, name: str) -> Child:
        """Return the process of one component, for example to pause it or to read its log."""
        return self.components[name].child

    def check(self) -> None:
        """Return if every component is running that was not stopped on purpose.

        Raises:
            ChildFailedError: A component ended; the message contains the end of its log.
        """
        for name in self._started:
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
