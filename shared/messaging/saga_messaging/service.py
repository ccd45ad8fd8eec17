"""The declaration of a service, and the registry of the installed services."""

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final

from saga_messaging.kafka.access import Access

GROUP: Final = "saga.services"
"""The entry point group in which a service's package registers its `Service`."""


@dataclass(frozen=True)
class Service:
    """A service as its surroundings see it: its process, its database and its Kafka access.

    Attributes:
        name: Its name in the stack, in docker-compose.yml and of its folder in `services/`; also
            the name of its database and of its database role.
        module: The module that `python -m` runs.
        port: Its default HTTP port.
        access: The topics and consumer groups that it uses.
    """

    name: str
    module: str
    port: int
    access: Access

    @property
    def database_variable(self) -> str:
        """The environment variable that sets the URL of an existing database."""
        return f"{self.name.upper()}_DATABASE_URL"


def registered_services() -> dict[str, Service]:
    """Load the declarations of all installed services, by name and in its order."""
    services: list[Service] = [point.load() for point in entry_points(group=GROUP)]
    return {service.name: service for service in sorted(services, key=lambda one: one.name)}


def main() -> None:
    """Print the name and the module of each installed service, one service per line."""
    for service in registered_services().values():
        print(service.name, service.module)  # noqa: T201 - for shell scripts


if __name__ == "__main__":
    main()
