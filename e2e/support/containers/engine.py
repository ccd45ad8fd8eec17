"""A Docker engine: the one that already runs, or one started for the tests and removed after."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException
from requests import RequestException
from saga_stack.errors import ChildFailedError, StackError
from saga_stack.processes.waiting import wait_while
from support.containers.api_version import API_VERSION
from support.containers.debian_packages import compose_plugin, containers_cache, engine_root
from support.containers.engine_supervisor import address, remove_all
from support.containers.errors import EngineUnavailable
from support.repository import END_TO_END

START_SECONDS = 60.0
LOG_TAIL = 2_000
DEFAULT_SOCKET = Path("/var/run/docker.sock")
# Leaves the machine's firewall and routing alone. Published ports go through docker-proxy.
NETWORK = "--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none"


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers.

    Attributes:
        host: Its address, as in DOCKER_HOST.
        environment: Variables that the command `docker` needs to reach it.
        own: True if the tests started it.
    """

    host: str
    environment: Mapping[str, str]
    own: bool

    def client(self) -> docker.DockerClient:
        """Return a client of the SDK; close it after use."""
        return docker.DockerClient(base_url=self.host, version=API_VERSION)


@contextmanager
def usable_engine() -> Generator[Engine]:
    """Yield the engine of DOCKER_HOST or the default socket, or else start one and remove it after.

    Raises:
        EngineUnavailable: No engine answers, and none can be started.
    """
    if host := _running_host():
        with tempfile.TemporaryDirectory(prefix="saga-docker-") as folder:
            yield Engine(host, {"DOCKER_HOST": host, **_docker_command(Path(folder))}, own=False)
        return
    with _only_run():
        root = _require_programs()
        folder = Path(tempfile.mkdtemp(prefix="saga-docker-"))
        environment = {
            **_docker_command(folder),
            **_search_paths(root),
            "DOCKER_HOST": address(folder),
        }
        with _running_dockerd(folder, environment):
            remove_all(address(folder))  # left by a run whose supervisor was killed too
            yield Engine(address(folder), environment, own=True)


def _running_host() -> str | None:
    host = os.environ.get("DOCKER_HOST") or (DEFAULT_SOCKET.exists() and f"unix://{DEFAULT_SOCKET}")
    return host if host and not _connection_error(host) else None


def _docker_command(folder: Path) -> dict[str, str]:
    """Return the variables for `docker compose`, from a package unless the machine has it."""
    if shutil.which("docker"):
        version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if not version.returncode:
            return {}
    plugins = folder / "config/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(compose_plugin())
    return {"DOCKER_CONFIG": str(folder / "config"), **_search_paths(engine_root())}


def _search_paths(root: Path) -> dict[str, str]:
    libraries = next((root / "usr/lib").glob("*-linux-gnu"))
    return {
        "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
    }


def _require_programs() -> Path:
    if os.geteuid() != 0:
        raise EngineUnavailable("no Docker engine answers, and only root can start one")
    for program in ("unshare", "setpriv"):
        if not shutil.which(program):
            raise EngineUnavailable(
                f"no Docker engine answers, and `{program}` of util-linux is missing"
            )
    return engine_root()


@contextmanager
def _only_run() -> Generator[None]:
    """Hold a lock: engines of the tests share a folder of images, so only one may run."""
    with (containers_cache() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineUnavailable("another run of these tests has its engine running") from None
        yield


@contextmanager
def _running_dockerd(folder: Path, environment: Mapping[str, str]) -> Generator[None]:
    log = containers_cache() / "dockerd.log"
    with log.open("wb") as output:
        supervisor = subprocess.Popen(
            _supervised_dockerd(folder),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment, "PYTHONPATH": str(END_TO_END)},
            start_new_session=True,  # Ctrl-C interrupts the tests only
        )
    try:
        try:
            wait_while(lambda: _not_ready(supervisor, address(folder)), START_SECONDS)
        except StackError as error:
            tail = log.read_text(errors="replace")[-LOG_TAIL:]
            raise EngineUnavailable(f"dockerd does not start: {error}\n{tail}") from error
        yield
    finally:
        supervisor.communicate()  # closes its standard input, and waits until it has cleaned up


def _supervised_dockerd(folder: Path) -> list[str]:
    folders = f"--data-root {containers_cache()}/engine --exec-root {folder}/exec"
    options = f"{folders} --pidfile {folder}/pid -H {address(folder)} {NETWORK}"
    supervisor = f"{sys.executable} -m support.containers.engine_supervisor {folder}"
    return f"{supervisor} docker-init -- dockerd {options}".split()


def _not_ready(supervisor: "subprocess.Popen[bytes]", host: str) -> str | None:
    if supervisor.poll() is not None:
        raise ChildFailedError(f"it ended with {supervisor.returncode}")
    return _connection_error(host)


def _connection_error(host: str) -> str | None:
    client = docker.DockerClient(base_url=host, version=API_VERSION)
    try:
        client.ping()
    except (DockerException, RequestException) as error:
        return str(error)
    finally:
        client.close()
    return None
