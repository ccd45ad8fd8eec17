"""A compose project that runs: its containers, and the addresses that it publishes."""

from collections.abc import Callable, Generator
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

PORTS = {**{service.name: service.port for service in SERVICES.values()}, EMULATOR: 12111}
DATABASE_PORT, KAFKA_PORT = 5432, 9092
READY_SECONDS = 90.0
API_VERSION = "1.41"  # named, as otherwise a client that finds no engine leaves a socket open
LABEL = "com.docker.compose"


class Project:
    """What the end-to-end tests know of a `Stack`, of containers: addresses, `start`, `stop`.

    Everything is looked up when it is asked for, so it stays true when containers come and go.
    The names of services are those of docker-compose.yml.
    """

    def __init__(self, client: DockerClient, name: str) -> None:
        self.client = client
        self.name = name

    def containers(self, service: str) -> list[Container]:
        """Every replica of a service, running or not, by its number."""
        labels = [f"{LABEL}.project={self.name}", f"{LABEL}.service={service}"]
        found = self.client.containers.list(all=True, filters={"label": labels})
        return sorted(found, key=lambda one: int(one.labels[f"{LABEL}.container-number"]))

    def container(self, service: str, number: int = 1) -> Container:
        """One replica of a service, counted from 1: to `kill`, `pause`, `restart`, `exec_run`."""
        return self.containers(service)[number - 1]

    def url(self, service: str, number: int = 1) -> str:
        """The address at which one replica serves HTTP on this machine."""
        return f"http://{self.address(service, PORTS[service], number)}"

    def address(self, service: str, port: int, number: int = 1) -> str:
        """The published address, `127.0.0.1:port`, of a port inside of a container."""
        [place] = self.container(service, number).ports[f"{port}/tcp"]
        return f"{place['HostIp']}:{place['HostPort']}"

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
        """What Kafka clients on this machine connect to."""
        return self.address(KAFKA, KAFKA_PORT)

    @property
    def kafka_options(self) -> dict[str, str]:
        """What aiokafka's clients are told to be let in."""
        return {"bootstrap_servers": self.kafka_bootstrap}

    @property
    def database_urls(self) -> dict[str, str]:
        """The SQLAlchemy address of each service's database, from this machine."""
        host, port = self.address(POSTGRES, DATABASE_PORT).split(":")
        inside = {name: make_url(self.secret(name, "database_url")) for name in SERVICES}
        return {
            name: url.set(host=host, port=int(port)).render_as_string(hide_password=False)
            for name, url in inside.items()
        }

    @property
    def settings(self) -> StackSettings:
        """What tests ask of a stack's settings."""
        own = None if self.containers(EMULATOR) else self.secret("payment", "stripe_secret_key")
        return StackSettings(data_dir=Path(), stripe_secret_key=own)

    def secret(self, service: str, name: str) -> str:
        """The content of a secret's file, as the service has it."""
        mounts = self.container(service).attrs["Mounts"]
        [file] = [one["Source"] for one in mounts if one["Destination"] == f"/run/secrets/{name}"]
        return Path(file).read_text().strip()

    def start(self, service: str) -> None:
        """Starts every replica of a service; returns when all are healthy."""
        self._each(service, Container.start)
        self.await_healthy(service)

    def stop(self, service: str) -> None:
        """Stops every replica of a service cleanly."""
        self._each(service, Container.stop)

    def disconnect(self, service: str) -> None:
        """Takes every replica of a service off the network: it runs, and nobody reaches it."""
        self._each(service, self._network.disconnect)

    def reconnect(self, service: str) -> None:
        """Undoes `disconnect`, under the service's name; returns when all are healthy."""
        self._each(service, lambda one: self._network.connect(one, aliases=[service]))
        self.await_healthy(service)

    def await_healthy(self, *services: str, seconds: float = READY_SECONDS) -> None:
        """Returns when every replica of these services is healthy.

        Raises:
            ChildFailedError: One was not in time; the message names it.
        """

        def missing() -> str:
            found = [one for service in services for one in self.containers(service)]
            ill = [f"{one.name} is {one.health}" for one in found if one.health != "healthy"]
            return "; ".join(ill)

        wait_while(missing, seconds)

    @property
    def _network(self) -> Network:
        return self.client.networks.get(f"{self.name}_default")

    def _each(self, service: str, action: Callable[[Container], object]) -> None:
        for container in self.containers(service):
            action(container)


@contextmanager
def running_project(name: str, host: str | None = None) -> Generator[Project]:
    """A project by its name, on this engine, or on that of DOCKER_HOST."""
    environment = {"DOCKER_HOST": host} if host else None
    client = docker.from_env(version=API_VERSION, environment=environment)
    try:
        yield Project(client, name)
    finally:
        client.close()
