"""The file in which a running stack publishes its addresses."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

FILE = "stack.json"


@dataclass(frozen=True)
class RunningStack:
    """The addresses of a stack and the process that owns it. Contains no secrets.

    Attributes:
        pid: The process id of the owner, such as `saga up`.
        urls: The base address of each component that serves HTTP, by name.
        kafka_bootstrap: The brokers' addresses, separated by commas.
        kafka_security: The folder with the Kafka users' passwords, if Kafka is secured.
    """

    pid: int
    urls: dict[str, str]
    kafka_bootstrap: str
    kafka_security: str | None = None


def read_running_stack(data_dir: Path) -> RunningStack | None:
    """Return the stack that runs on this data folder, or None.

    A file left behind by a process that has ended is ignored.
    """
    try:
        stack = RunningStack(**json.loads((data_dir / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return stack if _is_alive(stack.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True  # it belongs to another user
    except (ProcessLookupError, OverflowError):
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Tell whether a process has ended but was not yet collected by its parent (Linux only)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"
