"""A running compose project: its containers and the addresses that they publish."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import docker
from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network
from saga_stack.processes.waiting import wait_while
from saga_stack.services import EMULATOR, KAFKA, POSTGRES, SERVICES
from saga_stack.settings import StackSettings
from sqlalchemy import make_url
from support.containers.api_version import API_VERSION

PORTS = {**{service.name: service.port for service in SERVICES.values()}, EMULATOR: 12111}
DATABASE_PORT, KAFKA_PORT = 5432, 9092
READY_SECONDS = 90.0
LABEL = "com.docker.compose"


class Project:
    """A running compose project, with the interface of `System`.

    Nothing is cached: every address is looked up when it is read, so that it is right after
    containers were replaced. Services are named as in docker-compose.yml.
    """

    def __init__(self, client: DockerClient, name: str) -> None:
        self.client = client
        self.name = name

    def containers(self, service: str) -> list[Container]:
        """Return every replica of a service, running or not, ordered by number."""
        labels = [f"{LABEL}.project={self.name}", f"{LABEL}.service={service}"]
        found = self.client.containers.list(all=True, filters={"label": labels})
        return sorted(found, key=lambda one: int(one.labels[f"{LABEL}.container-number"]))

    def container(self, service: str, number: int = 1) -> Container:
        """Return one replica of a service, counted from 1."""
        return self.containers(service)[number - 1]

    def url(self, service: str, number: int = 1) -> str:
        """Return the base URL of one replica, on this machine."""
        return f"http://{self.address(service, PORTS[service], number)}"

    def address(self, service: str, port: int, number: int = 1) -> str:
        """Return the published `127.0.0.1:port` of a port inside a container."""
        [published] = self.container(service, number).ports[f"{port}/tcp"]
        return f"{published['HostIp']}:{published['HostPort']}"

    @property
    def orders_url(self) -> str:
        """The base URL of the order saga."""
        return self.url("order_saga")

    @property
    def users_url(self) -> str:
        """The base URL of the user service."""
        return self.url("user")

    @property
    def payments_url(self) -> str:
        """The base URL of the payment service."""
        return self.url("payment")

    @property
    def emulator_url(self) -> str:
        """The base URL of the Stripe emulator."""
        return self.url(EMULATOR)

    @property
    def kafka_bootstrap(self) -> str:
        """The bootstrap servers of Kafka, reachable from this machine."""
        return self.address(KAFKA, KAFKA_PORT)

    @property
    def kafka_options(self) -> dict[str, str]:
        """The connection options of an aiokafka client."""
        return {"bootstrap_servers": self.kafka_bootstrap}

    @property
    def database_urls(self) -> dict[str, str]:
        """The SQLAlchemy URL of each service's database, reachable from this machine."""
        host, port = self.address(POSTGRES, DATABASE_PORT).split(":")
        inside = {name: make_url(self.secret(name, "database_url")) for name in SERVICES}
        return {
            name: url.set(host=host, port=int(port)).render_as_string(hide_password=False)
            for name, url in inside.items()
        }

    @property
    def settings(self) -> StackSettings:
        """The settings of the project, as far as tests need them."""
        key = None if self.containers(EMULATOR) else self.secret("payment", "stripe_secret_key")
        return StackSettings(data_dir=Path(), stripe_secret_key=key)

    def secret(self, service: str, name: str) -> str:
        """Return the content of a secret's file, as mounted into the service."""
        mounts = self.container(service).attrs["Mounts"]
        [file] = [one["Source"] for one in mounts if one["Destination"] == f"/run/secrets/{name}"]
        return Path(file).read_text().strip()

    def start(self, *names: str) -> None:
        """Start every replica of these services; return when all are healthy."""
        self._each(names, Container.start)
        self.await_healthy(*names)

    def stop(self, name: str) -> None:
        """Stop every replica of a service cleanly."""
        self._each([name], Container.stop)

    def disconnect(self, service: str) -> None:
        """Disconnect every replica of a service from the network; its processes go on."""
        self._each([service], self._network.disconnect)

    def reconnect(self, service: str) -> None:
        """Undo `disconnect`, with the service's name as alias; return when all are healthy."""
        self._each([service], lambda one: self._network.connect(one, aliases=[service]))
        self.await_healthy(service)

    def await_healthy(self, *services: str, seconds: float = READY_SECONDS) -> None:
        """Return when every replica of these services is healthy.

        Raises:
            ChildFailedError: One was not in time; the message names it.
        """

        def unhealthy() -> str:
            found = [one for service in services for one in self.containers(service)]
            return "; ".join(
                f"{one.name} is {one.health}" for one in found if one.health != "healthy"
            )

        wait_while(unhealthy, seconds)

    @property
    def _network(self) -> Network:
        return self.client.networks.get(f"{self.name}_default")

    def _each(self, services: Iterable[str], action: Callable[[Container], object]) -> None:
        for service in services:
            for container in self.containers(service):
                action(container)


@contextmanager
def running_project(name: str, host: str | None = None) -> Generator[Project]:
    """Yield the project of this name, on the engine at `host` or else at DOCKER_HOST."""
    environment = {"DOCKER_HOST": host} if host else None
    client = docker.from_env(version=API_VERSION, environment=environment)
    try:
        yield Project(client, name)
    finally:
        client.close()
