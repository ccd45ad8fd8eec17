"""A Docker engine: the one that is there, or one of our own, which leaves nothing behind."""

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
from compose.keeper import address, clear
from compose.packages import compose_cache, compose_plugin, engine_root
from compose.project import API_VERSION
from compose.unavailable import Unavailable
from docker.errors import DockerException
from requests import RequestException
from saga_stack.errors import ChildFailedError, StackError
from saga_stack.processes.waiting import wait_while

START_SECONDS = 60.0
LOG_TAIL = 2_000
DEFAULT_SOCKET = Path("/var/run/docker.sock")
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
    with _locked():
        root = _requirements()
        folder = Path(tempfile.mkdtemp(prefix="saga-docker-"))
        environment = {**_commands(folder), **_programs(root), "DOCKER_HOST": address(folder)}
        with _running_dockerd(folder, environment):
            clear(address(folder))  # what is left where even the keeper was killed
            yield Engine(address(folder), environment, own=True)


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
    for program in ("unshare", "setpriv"):
        if not shutil.which(program):
            raise Unavailable(f"no Docker engine answers, and `{program}` of util-linux is missing")
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
def _running_dockerd(folder: Path, environment: Mapping[str, str]) -> Generator[None]:
    places = f"--data-root {compose_cache()}/engine --exec-root {folder}/exec"
    options = f"{places} --pidfile {folder}/pid -H {address(folder)} {HARMLESS}"
    command = f"{sys.executable} -m compose.keeper {folder} docker-init -- dockerd {options}"
    log = compose_cache() / "dockerd.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            command.split(),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
            start_new_session=True,  # a Ctrl-C is for the tests
        )
    try:
        try:
            wait_while(lambda: _not_ready(keeper, address(folder)), START_SECONDS)
        except StackError as error:
            said = log.read_text(errors="replace")[-LOG_TAIL:]
            raise Unavailable(f"dockerd does not start: {error}\n{said}") from error
        yield
    finally:
        keeper.communicate()  # it cleans up once its standard input is closed


def _not_ready(keeper: "subprocess.Popen[bytes]", host: str) -> str | None:
    if keeper.poll() is not None:
        raise ChildFailedError(f"it ended with {keeper.returncode}")
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
