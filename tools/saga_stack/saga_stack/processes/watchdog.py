"""No orphans: a watchdog that outlives its parent just long enough to end the parent's children.

Every child carries a token in its environment. The watchdog waits for the end of its standard
input, which the kernel closes however the parent dies, `kill -9` included, and then ends every
process that carries the token. It needs no list of process ids, so nothing can be started too
early or too late for it, and grandchildren are found too.
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

TOKEN_VARIABLE = "SAGA_GUARD_TOKEN"  # noqa: S105 - the name of a variable, not a secret
GRACE_SECONDS = 3.0
POLL_SECONDS = 0.05


class Guard:
    """The watchdog of this process; `environment` marks the children it looks after."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        # It must survive the guard of an outer process, so it carries no token itself.
        environment = {k: v for k, v in os.environ.items() if k != TOKEN_VARIABLE}
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "saga_stack.processes.watchdog", self.token],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        """What a child's environment must hold to be looked after."""
        return {TOKEN_VARIABLE: self.token}

    def close(self) -> None:
        """Ends what is still alive of the children, and the watchdog itself."""
        if self._watchdog.stdin:
            self._watchdog.stdin.close()
        self._watchdog.wait()


@cache
def process_guard() -> Guard:
    """The one guard of this process, started at the first call and closed when Python exits."""
    guard = Guard()
    atexit.register(guard.close)
    return guard


def carriers(token: str) -> list[psutil.Process]:
    """Every living process of this machine that carries the token."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TOKEN_VARIABLE) == token:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_carriers(token: str, grace_seconds: float = GRACE_SECONDS) -> None:
    """Asks every carrier to stop (SIGTERM), then kills those that do not."""
    processes = carriers(token)
    for process in processes:
        _signal(process, "resume")
        _signal(process, "terminate")
    deadline = time.monotonic() + grace_seconds
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for process in carriers(token):
        _signal(process, "kill")


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended but was not yet collected by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, method: str) -> None:
    with suppress(psutil.Error):
        getattr(process, method)()


def main() -> None:
    """Waits until standard input ends, then ends the carriers of the token."""
    sys.stdin.read()
    end_carriers(sys.argv[1])


if __name__ == "__main__":
    main()
