"""Child processes: started with a log file, stopped for certain, never left behind."""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from saga_stack.errors import ChildFailedError
from saga_stack.processes.waiting import wait_until_nothing
from saga_stack.processes.watchdog import is_alive, process_guard

STOP_SECONDS = 30.0  # above the services' own stop_timeout_seconds


@dataclass
class Child:
    """One child process and its log file; it can be started again after it ended.

    It runs in a session of its own, so Ctrl-C in the terminal reaches only the parent, which then
    stops its children in order. When the parent dies, however it dies, the child is ended too.
    Not safe for use from several threads.

    Attributes:
        name: What it is called in messages.
        argv: Program and arguments.
        log: Standard output and error are appended here.
        env: Added to the parent's environment.
        user: The system user to run as, where the parent is root.
        stop_signal: Asks for a clean stop.
    """

    name: str
    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _asked_to_stop: bool = field(default=False, init=False)

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            ChildFailedError: It was never started.
        """
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal), or None."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Starts it, unless it runs already."""
        if self.running:
            return
        self._asked_to_stop = False
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env, **process_guard().environment()},
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Sends the stop signal, once, and returns at once; `stop` waits for the end."""
        if self.running and not self._asked_to_stop:
            self._asked_to_stop = True
            self.resume()
            self._started().send_signal(self.stop_signal)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stops it cleanly, or kills it when that takes too long; returns when it is gone."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends it with SIGKILL, and all that it started; returns when they are gone."""
        if not self.running:
            return
        process = self._started()
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        still = f"{self.name} lives on after SIGKILL"
        wait_until_nothing(lambda: still if any(map(is_alive, family)) else None, STOP_SECONDS)

    def pause(self) -> None:
        """Freezes it (SIGSTOP): it keeps its connections and answers nothing."""
        self._started().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen child go on (SIGCONT)."""
        self._started().send_signal(signal.SIGCONT)

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log file."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, lines)).rstrip()

    def require_running(self) -> None:
        """Does nothing while it runs.

        Raises:
            ChildFailedError: It ended; the message has the exit code and the end of its log.
        """
        if not self.running:
            raise ChildFailedError(
                f"{self.name} ended with exit code {self.exit_code}. "
                f"The end of {self.log}:\n{self.log_tail()}"
            )

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ChildFailedError(f"{self.name} was never started.")
        return self._process


def run_to_the_end(children: Sequence[Child], timeout_seconds: float) -> None:
    """Runs several children at a time; returns when all of them ended with exit code 0.

    Raises:
        ChildFailedError: One ended otherwise, or not in time; the others are killed.
    """

    def missing() -> str | None:
        for child in children:
            if child.exit_code:
                child.require_running()
        return ", ".join(f"{child.name} still runs" for child in children if child.running)

    try:
        for child in children:
            child.start()
        wait_until_nothing(missing, timeout_seconds)
    finally:
        for child in children:
            child.kill()
