"""Bounds that end what hangs: one test, and a run in which no test starts or ends."""

import faulthandler
import os
import signal
import threading
from collections.abc import Callable

import pytest

EXIT_SECONDS = 60.0


class KillSwitch:
    """Ends this process, with the stacks of its threads, unless it is disarmed in time.

    It works while a C function holds the interpreter, which no Python code can interrupt.
    """

    def __init__(self, stderr: int) -> None:
        """Take the file descriptor for the stacks."""
        self._stderr = stderr

    def arm(self, seconds: float) -> None:
        """Start the time again."""
        faulthandler.dump_traceback_later(seconds, file=self._stderr, exit=True)

    def disarm(self) -> None:
        """Do not end the process."""
        faulthandler.cancel_dump_traceback_later()


class StallBound:
    """Interrupts this process once no test has started or ended for a time.

    If it has not ended 60 seconds after the interrupt, it ends at once.
    """

    def __init__(self, seconds: float, report: Callable[[str], None]) -> None:
        """Take the bound, and what writes a line to the terminal."""
        self._seconds, self._report = seconds, report
        self._running = set[str]()
        self._progress, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall bound", daemon=True)

    def start(self) -> None:
        """Watch the run."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the run has ended."""
        self._ended.set()
        self._progress.set()

    def test_starts(self, test: str) -> None:
        """Note that a test starts, which is progress."""
        self._running.add(test)
        self._progress.set()

    def test_ends(self, test: str) -> None:
        """Note that a test ended, which is progress."""
        self._running.discard(test)
        self._progress.set()

    def _watch(self) -> None:
        while self._progress.wait(self._seconds):
            if self._ended.is_set():
                return
            self._progress.clear()
        running = ", ".join(sorted(self._running)) or "no test"
        self._report(f"No test has started or ended for {self._seconds:g} s. Running: {running}")
        os.kill(os.getpid(), signal.SIGINT)
        if not self._ended.wait(EXIT_SECONDS):
            os._exit(pytest.ExitCode.INTERRUPTED)
