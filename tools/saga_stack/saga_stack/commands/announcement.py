"""The announcement of a running stack, for the commands that look for one."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from saga_cli.running_stack import FILE, RunningStack, read_running_stack

from saga_stack.errors import StackError
from saga_stack.stack import Stack


def require_unused(data_dir: Path) -> None:
    """Return if no stack runs on this data folder.

    Raises:
        StackError: A stack does; the message names its process.
    """
    running = read_running_stack(data_dir)
    if running:
        raise StackError(
            f"A stack already runs on {data_dir} (process {running.pid}).",
            "Stop it with Ctrl-C in its terminal, or use another folder with --data-dir.",
        )


@contextmanager
def announced(stack: Stack) -> Generator[None]:
    """Publish the stack's addresses in its data folder for the duration of the block."""
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
