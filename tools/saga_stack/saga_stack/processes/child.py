"""Child processes with a log file, which are stopped whenever their parent ends."""

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
from saga_stack.processes.waiting import wait_while
from saga_stack.processes.watchdog import is_alive, process_watchdog

STOP_SECONDS = 30.0  # above the services' own stop_timeout_seconds


@dataclass
class Child:
    """One child process and its log file; it can be started again after it ended.

    It runs in its own session: Ctrl-C in the terminal reaches only the parent, which then stops
    its children in order. If the parent ends for any reason, the child is ended too. Not
    thread-safe.

    Attributes:
        name: The name used in messages.
        argv: Program and arguments.
        log: Standard output and standard error are appended to this file.
        env: Added to the parent's environment. Python children import nothing from the folder they
            run in, unless `env` says otherwise.
        user: The system user to run as; requires that the parent is root.
        cwd: The folder it runs in; default: the parent's.
        stop_signal: The signal that requests a clean stop.
    """

    name: str
    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str | None = None
    cwd: Path | None = None
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
        """True if it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for the signal that ended it; None if it has not ended."""
        return self._process.poll() if self._process else None

    def start(self, *arguments: str) -> None:
        """Start it, unless it is running, with these arguments behind those of `argv`."""
        if self.running:
            return
        self._asked_to_stop = False
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*map(str, self.argv), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONSAFEPATH": "1",
                    **self.env,
                    **process_watchdog().environment(),
                },
                cwd=self.cwd,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Send the stop signal, at most once, without waiting for the end."""
        if self.running and not self._asked_to_stop:
            self._asked_to_stop = True
            self.resume()
            self._started().send_signal(self.stop_signal)

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Stop it cleanly, or kill it at the time-out; return when it has ended."""
        self.ask_to_stop()
        if self._process is None:
            return
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and all its descendants with SIGKILL; return when they have ended."""
        if not self.running:
            return
        process = self._started()
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        problem = f"{self.name} is still running after SIGKILL"
        wait_while(lambda: problem if any(map(is_alive, family)) else None, STOP_SECONDS)

    def pause(self) -> None:
        """Suspend it (SIGSTOP): its connections stay open but it does not respond."""
        self._started().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume it after `pause` (SIGCONT)."""
        self._started().send_signal(signal.SIGCONT)

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of its log file."""
        if not self.log.exists():
            return ""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, lines)).rstrip()

    def require_running(self) -> None:
        """Return if it is running.

        Raises:
            ChildFailedError: It ended; the message contains the exit code and the end of its log.
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


def run_to_completion(children: Sequence[Child], timeout_seconds: float) -> None:
    """Run several children at once; return when all have ended with exit code 0.

    Raises:
        ChildFailedError: A child failed or did not end in time; the others are killed.
    """

    def unfinished() -> str | None:
        for child in children:
            if child.exit_code:
                child.require_running()
        return ", ".join(f"{child.name} is still running" for child in children if child.running)

    try:
        for child in children:
            child.start()
        wait_while(unfinished, timeout_seconds)
    finally:
        for child in children:
            child.kill()
