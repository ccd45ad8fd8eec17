"""A stack for the duration of one command, which other commands can find."""

import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from errno import ENOTDIR
from pathlib import Path
from tempfile import TemporaryFile

from rich.table import Table
from saga_cli.console import errors, output

from saga_stack.commands.announcement import announced, require_unused
from saga_stack.commands.log_tail import LogTail
from saga_stack.errors import StackError
from saga_stack.processes.signals import interrupt_on_termination
from saga_stack.services import EMULATOR, KAFKA, POSTGRES
from saga_stack.settings import StackSettings
from saga_stack.stack import Stack

POLL_SECONDS = 0.2
DATA_FOLDERS = (KAFKA, POSTGRES, EMULATOR, "logs")


@contextmanager
def stack_session(settings: StackSettings, *, fresh: bool) -> Generator[Stack]:
    """Run a stack for the duration of the block, which Ctrl-C ends without an error.

    Args:
        settings: The stack's settings.
        fresh: Delete the data of earlier runs first.

    Raises:
        StackError: The stack did not start, another one runs on the same folder, or the folder
            cannot be used.
    """
    require_unused(settings.data_dir)
    prepare_data_dir(settings.data_dir)
    if fresh:
        remove_data(settings.data_dir)
    stack = Stack(settings)
    try:
        with interrupt_on_termination():
            stack.start_all(_timed_report())
            with announced(stack), suppress(KeyboardInterrupt):
                yield stack
    finally:
        errors.print("Stopping")
        stack.stop_all()


def watch(stack: Stack, *, follow: bool = False) -> None:
    """Block until Ctrl-C, or until a component fails.

    Args:
        stack: A running stack.
        follow: Print the components' logs.

    Raises:
        ChildFailedError: A component ended; the message contains the end of its log.
    """
    logs = {name: each.child.log for name, each in stack.components.items()} if follow else {}
    tail = LogTail(logs, output)
    while True:
        tail.print_new()
        stack.check()
        time.sleep(POLL_SECONDS)


def prepare_data_dir(data_dir: Path) -> None:
    """Create the data folder, if it is missing.

    Raises:
        StackError: It, or a folder in it, cannot be created or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        for folder in (data_dir, *(data_dir / name for name in DATA_FOLDERS)):
            if os.path.lexists(folder) and not folder.is_dir():
                raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), str(folder))
        TemporaryFile(dir=data_dir).close()
    except OSError as error:
        raise StackError(
            f"--data-dir {data_dir} cannot be used: {error.strerror}: {error.filename}.",
            "Choose another folder with --data-dir or SAGA_DATA_DIR.",
        ) from None


def remove_data(data_dir: Path) -> None:
    """Delete a stack's data, and no other files in the folder."""
    for name in DATA_FOLDERS:
        shutil.rmtree(data_dir / name, ignore_errors=True)


def addresses_table(stack: Stack) -> Table:
    """Format the addresses of all components, the databases and the log folder."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, url in stack.urls.items():
        table.add_row(name, f"{url}/docs" if name in stack.settings.servers else url)
    table.add_row("kafka", stack.kafka_bootstrap)
    for name in stack.settings.embedded_databases:
        table.add_row(f"{name} database", stack.database_urls[name])
    table.add_row("logs", str(stack.settings.data_dir / "logs"))
    return table


def _timed_report() -> Callable[[str], None]:
    start = time.monotonic()
    return lambda line: errors.print(f"[{time.monotonic() - start:5.1f} s] {line}")
