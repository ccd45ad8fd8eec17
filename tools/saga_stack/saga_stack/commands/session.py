"""A stack for the time of one command: found by other commands, stopped whatever happens."""

import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.table import Table
from saga_cli.console import errors, output

from saga_stack.commands.announcement import announced, require_unused
from saga_stack.commands.log_tail import LogFollower
from saga_stack.processes.signals import ending_like_ctrl_c
from saga_stack.services import EMULATOR, KAFKA, POSTGRES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

WATCH_SECONDS = 0.2
OUR_FOLDERS = (KAFKA, POSTGRES, EMULATOR, "logs")


@contextmanager
def stack_session(settings: StackSettings, *, fresh: bool) -> Generator[Stack]:
    """The stack is ready inside the block and gone after it; Ctrl-C ends the block quietly.

    Raises:
        StackError: It did not start, or another stack runs on the same folder.
    """
    require_unused(settings.data_dir)
    if fresh:
        remove_data(settings.data_dir)
    stack = Stack(settings)
    try:
        with ending_like_ctrl_c():
            stack.start_all(_timed_report())
            with announced(stack), suppress(KeyboardInterrupt):
                yield stack
    finally:
        errors.print("Stopping")
        stack.stop_all()


def watch(stack: Stack, *, follow: bool = False) -> None:
    """Returns never: it ends with Ctrl-C, or with the error of a part that died.

    Raises:
        ChildFailedError: A part died; the message names it and has the end of its log.
    """
    logs = {name: part.child.log for name, part in stack.parts.items()} if follow else {}
    follower = LogFollower(logs, output)
    while True:
        follower.print_new()
        stack.check()
        time.sleep(WATCH_SECONDS)


def remove_data(data_dir: Path) -> None:
    """Removes what a stack keeps in its folder, and nothing else that may lie there."""
    for name in OUR_FOLDERS:
        shutil.rmtree(data_dir / name, ignore_errors=True)


def addresses_table(stack: Stack) -> Table:
    """Where everything is."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, url in stack.urls.items():
        table.add_row(name, f"{url}/docs" if name in stack.settings.servers else url)
    table.add_row("kafka", stack.kafka_bootstrap)
    for name in stack.settings.embedded_databases:
        table.add_row(f"database of {name}", stack.database_urls[name])
    table.add_row("logs", str(stack.settings.data_dir / "logs"))
    return table


def _timed_report() -> Callable[[str], None]:
    start = time.monotonic()
    return lambda line: errors.print(f"[{time.monotonic() - start:5.1f} s] {line}")
