"""The interface that a local `Stack` and a compose `Project` share."""

from collections.abc import Mapping
from typing import Any, Protocol

from saga_stack.settings import StackSettings


class OrdersApi(Protocol):
    """The address of the orders API."""

    @property
    def orders_url(self) -> str:
        """The base URL of the order saga."""
        ...


class System(OrdersApi, Protocol):
    """A running system: the addresses of its parts, and `start` and `stop` for each part.

    Parts are named as the services of docker-compose.yml. Both methods block.
    """

    @property
    def users_url(self) -> str:
        """The base URL of the user service."""
        ...

    @property
    def payments_url(self) -> str:
        """The base URL of the payment service."""
        ...

    @property
    def emulator_url(self) -> str:
        """The base URL of the Stripe emulator."""
        ...

    @property
    def kafka_bootstrap(self) -> str:
        """The bootstrap servers of Kafka, reachable from this machine."""
        ...

    @property
    def kafka_options(self) -> Mapping[str, Any]:
        """The connection options of an aiokafka client."""
        ...

    @property
    def database_urls(self) -> Mapping[str, str]:
        """The SQLAlchemy URL of each service's database, by service."""
        ...

    @property
    def settings(self) -> StackSettings:
        """The settings of the system, as far as tests need them."""
        ...

    def start(self, *names: str) -> None:
        """Start parts; return when all are ready."""
        ...

    def stop(self, name: str, /) -> None:
        """Stop a part cleanly; return when it has ended."""
        ...
