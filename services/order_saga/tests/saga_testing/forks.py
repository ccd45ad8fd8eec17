"""Processes that cost little: forks of one that has built everything and is connected to nothing.

`python -m saga_testing.forks` reads pickled settings, then lives, and answers each with the exit
code of the process that had it.
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

from saga_testing.mortal import Life, NextLife, Process

TESTS = Path(__file__).parents[1]


class Forks:
    """Has lives lived, one after the other, each in a process of its own."""

    def __init__(self, server: "subprocess.Popen[bytes]") -> None:
        self._server = server

    @classmethod
    @contextmanager
    def of(cls, settings: OrderSagaSettings) -> Iterator[Self]:
        """Processes with these settings."""
        command = [sys.executable, "-m", __name__]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, **pipes) as server:
            forks = cls(server)
            forks._tell(settings)
            yield forks

    def exit_code(self, life: Life | NextLife) -> int:
        """How the process ended; minus the number of the signal that killed it."""
        self._tell(life)
        return int(self._server.stdout.readline())

    def _tell(self, said: object) -> None:
        self._server.stdin.write(pickle.dumps(said))
        self._server.stdin.flush()


def serve() -> None:
    """Until the input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what is logged is no answer
    process = Process(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the test itself
    gc.freeze()
    while sys.stdin.buffer.peek():
        life = pickle.load(sys.stdin.buffer)  # noqa: S301
        if not (child := os.fork()):
            asyncio.run(life.live(process))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        answers.write(b"%d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
