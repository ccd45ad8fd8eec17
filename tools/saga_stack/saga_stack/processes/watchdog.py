"""A watchdog process that ends the child processes of a parent that died.

Every child has a token in its environment. The watchdog waits for the end of its standard input,
which the kernel closes whenever the parent ends, `kill -9` included, and then ends every process
that has the token. It needs no list of process ids, so it cannot miss a child that was just
started, and it finds grandchildren too.
"""

import atexit
import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from functools import cache

import psutil

TOKEN_VARIABLE = "SAGA_WATCHDOG_TOKEN"  # noqa: S105 - the name of a variable, not a secret
GRACE_SECONDS = 3.0
POLL_SECONDS = 0.05


class Watchdog:
    """The watchdog of this process; `environment` marks the children that it ends."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        # It must survive the watchdog of an outer process, so it has no token itself.
        environment = {k: v for k, v in os.environ.items() if k != TOKEN_VARIABLE}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "saga_stack.processes.watchdog", self.token],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment variables that mark a child."""
        return {TOKEN_VARIABLE: self.token}

    def close(self) -> None:
        """End the remaining children, then the watchdog itself."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


@cache
def process_watchdog() -> Watchdog:
    """Return this process's watchdog, started at the first call and closed when Python exits."""
    watchdog = Watchdog()
    atexit.register(watchdog.close)
    return watchdog


def marked_processes(token: str) -> list[psutil.Process]:
    """Return every running process of this machine that has the token."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN_VARIABLE) == token:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_marked_processes(token: str, grace_seconds: float = GRACE_SECONDS) -> None:
    """Terminate every marked process (SIGTERM), then kill those that are still running."""
    processes = marked_processes(token)
    for process in processes:
        _signal(process, "resume")
        _signal(process, "terminate")
    deadline = time.monotonic() + grace_seconds
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for process in marked_processes(token):
        _signal(process, "kill")


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process is running; a zombie is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, method: str) -> None:
    with suppress(psutil.Error):
        getattr(process, method)()


def main() -> None:
    """Wait until standard input ends, then end the processes marked with the given token."""
    sys.stdin.read()
    end_marked_processes(sys.argv[1])


if __name__ == "__main__":
    main()
