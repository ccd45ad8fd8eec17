"""A process that runs a Docker engine until its standard input closes, and then removes it.

It is separate from the tests so that it cleans up however they end, `kill -9` included. The engine
has a PID and a mount namespace of its own, so everything ends with its first process: containerd,
the shims, the containers, and every mount. Bridges of networks outlive the namespaces, so these are
removed first.

    python -m support.containers.engine_supervisor FOLDER COMMAND...

The engine listens on the socket FOLDER/s.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import docker
import psutil
from docker.errors import DockerException
from requests import RequestException
from support.containers.api_version import API_VERSION

# Ends when the supervisor ends, together with everything that it started.
NAMESPACES = (
    "setpriv --pdeathsig KILL unshare --mount --pid --fork --mount-proc --kill-child".split()
)
BUILD_CACHE_AGE = "24h"
REMOVE_SECONDS = 30.0
PRUNE_SECONDS = 180
STOP_SECONDS = 30.0
POLL_SECONDS = 0.2


def address(folder: Path) -> str:
    """Return the address of the engine that runs in this folder."""
    return f"unix://{folder}/s"


def remove_all(host: str) -> None:
    """Remove every container, network and volume of an engine; its images stay, as a cache."""
    client = docker.DockerClient(base_url=host, version=API_VERSION)
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


def supervise(folder: Path, command: list[str]) -> None:
    """Run the engine until it ends or standard input closes; then remove all that it made."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        engine = subprocess.Popen([*NAMESPACES, *command], stdin=subprocess.DEVNULL)
        select.select([sys.stdin, os.pidfd_open(engine.pid)], [], [])
        if engine.poll() is None:
            _remove_all_with_retries(address(folder))
            _prune_build_cache(address(folder))
            _stop(engine)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_all_with_retries(host: str) -> None:
    """Retry, as a command of a killed test run may still be starting containers."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while time.monotonic() < deadline:
        try:
            return remove_all(host)
        except (DockerException, RequestException) as error:
            print(f"Not removed yet: {error}", flush=True)  # noqa: T201 - into the engine's log
            time.sleep(POLL_SECONDS)
    return None


def _prune_build_cache(host: str) -> None:
    """Remove build layers older than a day; otherwise every run would use more of the disk."""
    client = docker.DockerClient(base_url=host, version=API_VERSION, timeout=PRUNE_SECONDS)
    try:
        client.images.prune(filters={"dangling": True, "until": BUILD_CACHE_AGE})
    except (DockerException, RequestException) as error:
        print(f"Not pruned: {error}", flush=True)  # noqa: T201 - as above
    finally:
        client.close()


def _stop(engine: "subprocess.Popen[bytes]") -> None:
    """Terminate the first process of the namespaces; `unshare` above it ignores signals."""
    with suppress(psutil.NoSuchProcess):
        for first in psutil.Process(engine.pid).children():
            first.terminate()
    try:
        engine.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


if __name__ == "__main__":
    supervise(Path(sys.argv[1]), sys.argv[2:])
