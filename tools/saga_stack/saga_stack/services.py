"""The three services as child processes: what each is called and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A service of ours.

    Attributes:
        name: As the stack calls it; also the name of its database.
        module: What `python -m` starts.
        port: Its default HTTP port.
    """

    name: str
    module: str
    port: int

    @property
    def database_variable(self) -> str:
        """The environment variable that names a database of the user's own."""
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
    """The parts that a service's replicas are: `payment`, `payment-2`, `payment-3`."""
    return (name, *(f"{name}-{number}" for number in range(2, count + 1)))


KAFKA = "kafka"
POSTGRES = "postgres"
EMULATOR = "emulator"

# What `saga up` listens on; elsewhere free ports are the default.
DEFAULT_PORTS: Mapping[str, int] = {
    **{service.name: service.port for service in SERVICES.values()},
    EMULATOR: 12111,
    KAFKA: 9092,
}
