"""Which stack runs: a small file in its data folder, for the commands that look at orders."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from saga_cli.errors import StackError
from saga_cli.guard import is_alive
from saga_cli.stack import Stack

FILE = "stack.json"


@dataclass(frozen=True)
class RunningStack:
    """Addresses of a stack, and the process that holds it. No secrets.

    Attributes:
        kafka_security: The folder with the passwords of Kafka's users, where it has any.
    """

    pid: int
    urls: dict[str, str]
    kafka_bootstrap: str
    kafka_security: str | None = None


def read(data_dir: Path) -> RunningStack | None:
    """The stack that runs on this folder, or None."""
    try:
        running = RunningStack(**json.loads((data_dir / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    alive = psutil.pid_exists(running.pid) and is_alive(psutil.Process(running.pid))
    return running if alive else None


def require_unused(data_dir: Path) -> None:
    """Returns if no stack runs on this folder.

    Raises:
        StackError: One does; the message names its process.
    """
    running = read(data_dir)
    if running:
        raise StackError(
            f"A stack already runs on {data_dir} (process {running.pid}).",
            "Stop it with Ctrl-C where it runs, or use another folder with --data-dir.",
        )


@contextmanager
def announced(stack: Stack) -> Generator[None]:
    """Inside the block, other commands can find the stack."""
    file = stack.settings.data_dir / FILE
    security = stack.addresses.kafka_security
    folder = str(security.folder) if security else None
    running = RunningStack(os.getpid(), stack.urls, stack.kafka_bootstrap, folder)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(running), indent=2))
    partial.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
