"""Cheap processes: forks of one that has built everything and is connected to nothing.

`python -m saga_testing.process_forks` reads pickled settings, then runs; it forks a process for
each run, and writes that process's exit code.
"""

import asyncio
import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from order_saga.settings import OrderSagaSettings

from saga_testing.crashing_process import CrashingRun, Process, RecoveringRun

TESTS = Path(__file__).parents[1]


class ProcessForks:
    """Executes runs one after the other, each in its own process."""

    def __init__(self, server: "subprocess.Popen[bytes]") -> None:
        self._server = server

    @classmethod
    @contextmanager
    def of(cls, settings: OrderSagaSettings) -> Iterator[Self]:
        """Start the process that forks, with these settings."""
        command = [sys.executable, "-m", __name__]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, **pipes) as server:
            forks = cls(server)
            forks._write(settings)
            yield forks

    def exit_code(self, run: CrashingRun | RecoveringRun) -> int:
        """Execute a run; return its exit code, or minus the number of the signal that killed it."""
        self._write(run)
        return int(self._server.stdout.readline())

    def _write(self, value: object) -> None:
        self._server.stdin.write(pickle.dumps(value))
        self._server.stdin.flush()


def serve() -> None:
    """Fork a process for each run, until the input ends."""
    exit_codes = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # logs must not mix with the exit codes
    process = Process(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the test itself
    gc.freeze()
    while sys.stdin.buffer.peek():
        run = pickle.load(sys.stdin.buffer)  # noqa: S301
        if not (child := os.fork()):
            asyncio.run(run.execute(process))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        exit_codes.write(b"%d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
