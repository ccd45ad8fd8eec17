"""Keeps a Docker engine until its standard input ends, and leaves nothing of it behind.

It is a process of its own, so that this happens in whichever way the tests end, `kill -9` included.
The engine is in a PID and a mount namespace of its own: with its first process everything ends,
containerd, the shims, the containers, and every mount. What these do not hold, the networks'
bridges, is removed before.

    python -m support.containers.engine_supervisor FOLDER COMMAND...

The engine's address is FOLDER/s.
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
from support.containers.project import API_VERSION

# Dies with us; and what it starts, with it.
NAMESPACES = (
    "setpriv --pdeathsig KILL unshare --mount --pid --fork --mount-proc --kill-child".split()
)
KEPT = "24h"
CLEAR_SECONDS = 30.0
PRUNE_SECONDS = 180
END_SECONDS = 30.0
POLL_SECONDS = 0.2


def address(folder: Path) -> str:
    """Where the engine of this folder answers."""
    return f"unix://{folder}/s"


def clear(host: str) -> None:
    """Removes every container, network and volume of an engine of our own; images are its cache."""
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


def keep(folder: Path, command: list[str]) -> None:
    """Runs the engine until it ends, or whoever started us has closed our standard input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        engine = subprocess.Popen([*NAMESPACES, *command], stdin=subprocess.DEVNULL)
        select.select([sys.stdin, os.pidfd_open(engine.pid)], [], [])
        if engine.poll() is None:
            _cleared(address(folder))
            _pruned(address(folder))
            _end(engine)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cleared(host: str) -> None:
    """Insists, as a command of a run that was killed may still be starting containers."""
    deadline = time.monotonic() + CLEAR_SECONDS
    while time.monotonic() < deadline:
        try:
            return clear(host)
        except (DockerException, RequestException) as error:
            print(f"Not cleared yet: {error}", flush=True)  # noqa: T201 - into the engine's log
            time.sleep(POLL_SECONDS)
    return None


def _pruned(host: str) -> None:
    """Of what builds have left, a day's is kept; more would fill the disk, run by run."""
    client = docker.DockerClient(base_url=host, version=API_VERSION, timeout=PRUNE_SECONDS)
    try:
        client.images.prune(filters={"dangling": True, "until": KEPT})
    except (DockerException, RequestException) as error:
        print(f"Not pruned: {error}", flush=True)  # noqa: T201 - as above
    finally:
        client.close()


def _end(engine: "subprocess.Popen[bytes]") -> None:
    """Ends the namespaces' first process cleanly; `unshare` itself, above it, takes no signal."""
    with suppress(psutil.NoSuchProcess):
        for first in psutil.Process(engine.pid).children():
            first.terminate()
    try:
        engine.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2:])
