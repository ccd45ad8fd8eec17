"""A Docker engine: the one that is there, or one of our own, which leaves nothing behind.

Ours runs in a PID and a mount namespace of its own, so that with its first process everything
ends, however that dies: the engine, containerd, the shims, the containers, and every mount.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
from compose.packages import compose_cache, compose_plugin, engine_root
from compose.project import API_VERSION
from compose.unavailable import Unavailable
from docker.errors import DockerException
from requests import RequestException
from saga_cli.errors import StackError
from saga_cli.processes import Child
from saga_cli.waiting import wait_until_nothing

START_SECONDS = 60.0
STOP_SECONDS = 40.0
DEFAULT_SOCKET = Path("/var/run/docker.sock")
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
# The machine's firewall and routing stay as they are. Published ports go through docker-proxy.
HARMLESS = "--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none"


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    Attributes:
        host: Its address, as in DOCKER_HOST.
        environment: What the command `docker` needs to reach it, beside what is set already.
        own: Whether it was started here.
    """

    host: str
    environment: Mapping[str, str]
    own: bool

    def client(self) -> docker.DockerClient:
        """The SDK's client; close it."""
        return docker.DockerClient(base_url=self.host, version=API_VERSION)


@contextmanager
def usable_engine() -> Generator[Engine]:
    """The engine of DOCKER_HOST or of the default socket, or else one of our own, ended after.

    Raises:
        Unavailable: There is none, and none can be started.
    """
    if host := _running():
        with tempfile.TemporaryDirectory(prefix="saga-docker-") as folder:
            yield Engine(host, {"DOCKER_HOST": host, **_commands(Path(folder))}, own=False)
        return
    with _locked(), _folder() as folder:
        root = _requirements()
        environment = {**_commands(folder), **_programs(root), "DOCKER_HOST": f"unix://{folder}/s"}
        with _running_dockerd(folder, environment):
            engine = Engine(f"unix://{folder}/s", environment, own=True)
            try:
                clear(engine)  # what a run that was killed has left
                yield engine
            finally:
                clear(engine)


def clear(engine: Engine) -> None:
    """Removes every container, network and volume of an engine of our own; images are its cache."""
    client = engine.client()
    try:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        for network in client.networks.list():
            if network.name not in ("bridge", "host", "none"):
                network.remove()
        for volume in client.volumes.list():
            volume.remove(force=True)
    finally:
        client.close()


def _running() -> str | None:
    host = os.environ.get("DOCKER_HOST") or (DEFAULT_SOCKET.exists() and f"unix://{DEFAULT_SOCKET}")
    return host if host and not _silent(host) else None


def _commands(folder: Path) -> dict[str, str]:
    """`docker compose`, from a package unless the machine has it."""
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if not asked.returncode:
            return {}
    plugins = folder / "config/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(compose_plugin())
    return {"DOCKER_CONFIG": str(folder / "config"), **_programs(engine_root())}


def _programs(root: Path) -> dict[str, str]:
    libraries = next((root / "usr/lib").glob("*-linux-gnu"))
    return {
        "PATH": f"{root}/usr/bin:{root}/usr/sbin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
    }


def _requirements() -> Path:
    if os.geteuid() != 0:
        raise Unavailable("no Docker engine answers, and starting one takes root")
    if not shutil.which("unshare"):
        raise Unavailable("no Docker engine answers, and `unshare` of util-linux is missing")
    return engine_root()


@contextmanager
def _locked() -> Generator[None]:
    """One engine at a time, as they share a folder of images."""
    with (compose_cache() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable("another run of these tests has its engine running") from None
        yield


@contextmanager
def _folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="saga-docker-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running_dockerd(folder: Path, environment: Mapping[str, str]) -> Generator[None]:
    places = (
        f"--data-root {compose_cache()}/engine --exec-root {folder}/exec --pidfile {folder}/pid"
    )
    command = f"docker-init -- dockerd {places} -H unix://{folder}/s {HARMLESS}".split()
    log = compose_cache() / "dockerd.log"
    log.unlink(missing_ok=True)
    dockerd = Child("dockerd", [*NAMESPACES, *command], log=log, env=environment)
    try:
        dockerd.start()
        wait_until_nothing(lambda: _not_ready(dockerd, f"unix://{folder}/s"), START_SECONDS)
    except (OSError, StackError) as error:
        dockerd.kill()
        raise Unavailable(f"dockerd does not start: {error}\n{dockerd.log_tail()}") from error
    try:
        yield
    finally:
        _stop(dockerd)


def _not_ready(dockerd: Child, host: str) -> str | None:
    dockerd.require_running()
    return _silent(host)


def _silent(host: str) -> str | None:
    client = docker.DockerClient(base_url=host, version=API_VERSION)
    try:
        client.ping()
    except (DockerException, RequestException) as error:
        return str(error)
    finally:
        client.close()
    return None


def _stop(dockerd: Child) -> None:
    """Ends the namespaces' first process cleanly; `unshare` itself, above it, takes no signal."""
    with suppress(psutil.NoSuchProcess):
        for first in psutil.Process(dockerd.pid).children():
            first.terminate()
    wait = dockerd.pid and psutil.Process(dockerd.pid)
    with suppress(psutil.TimeoutExpired):
        wait.wait(STOP_SECONDS)
    dockerd.stop(timeout_seconds=1)
