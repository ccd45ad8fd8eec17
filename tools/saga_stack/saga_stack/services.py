"""The services of the stack, the names of its other components, and the default ports."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A service that the stack runs.

    Attributes:
        name: Its name in the stack, and the name of its database.
        module: The module that `python -m` runs.
        port: Its default HTTP port.
    """

    name: str
    module: str
    port: int

    @property
    def database_variable(self) -> str:
        """The environment variable that sets the URL of an existing database."""
        return f"{self.name.upper()}_DATABASE_URL"


SERVICES = {
    service.name: service
    for service in (
        Service("user", "user_service", 8001),
        Service("order_saga", "order_saga", 8000),
        Service("payment", "payment_service", 8002),
    )
}


def replicas_of(name: str, count: int) -> tuple[str, ...]:
    """Return the component names of a service's replicas: `payment`, `payment-2`, `payment-3`."""
    return (name, *(f"{name}-{number}" for number in range(2, count + 1)))


KAFKA = "kafka"
POSTGRES = "postgres"
EMULATOR = "emulator"

DEFAULT_PORTS: Mapping[str, int] = {
    **{service.name: service.port for service in SERVICES.values()},
    EMULATOR: 12111,
    KAFKA: 9092,
}
"""The ports of `saga up`. Other stacks use free ports."""
