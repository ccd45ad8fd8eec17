"""The two consoles: results on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, NoReturn

import httpx
import typer
from rich.console import Console
from rich.text import Text

from saga_cli.errors import CommandError
from saga_cli.visible import HANDLER, visible, visible_lines

PLAIN_WIDTH = 240  # where no terminal sets a width
MIN_WIDTH = 100  # a narrower terminal wraps the lines; Rich would omit columns


class _Errors(Console):
    """Standard error, where a text that cannot be written is lost: the exit code remains."""

    def print(self, *objects: Any, **options: Any) -> None:
        with suppress(OSError):
            super().print(*objects, **options)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    terminal = stream is not None and stream.isatty()
    width = None if terminal or "COLUMNS" in os.environ else PLAIN_WIDTH
    console = (_Errors if stderr else Console)(stderr=stderr, width=width, highlight=False)
    console.width = max(console.width, MIN_WIDTH)
    return console


def print_any_character() -> None:
    """Print characters that the terminal's encoding lacks as escapes, instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


output = _console(stderr=False)
errors = _console(stderr=True)


@contextmanager
def report_unwritable_output() -> Generator[None]:
    """End with exit code 1 and one line if standard output is closed, or cannot be written.

    Checked first, since a command that changes an order must not do so unseen.
    """
    if sys.stdout is None:
        _end("standard output is closed")
    try:
        yield
    except OSError as error:
        if not _output_fails():
            raise
        # Otherwise Python writes the rest again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _end(f"standard output cannot be written: {error.strerror}")


def _output_fails() -> bool:
    try:
        sys.stdout.write("\n")  # what failed before is no longer in the buffer
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _end(problem: str) -> NoReturn:
    errors.print(Text(f"Error: {problem}."), soft_wrap=True)
    raise SystemExit(1)


@contextmanager
def report_errors() -> Generator[None]:
    """Print an expected error and its cure instead of a traceback, and end with exit code 1."""
    try:
        yield
    except CommandError as error:
        _fail(error.problem, error.cure)
    except UnicodeEncodeError as error:
        _fail(f"This argument or variable is not UTF-8: {error.object[:500]}")
    except httpx.HTTPStatusError as error:
        _fail(_problem_text(error.response))
    except httpx.InvalidURL as error:
        _fail(f"The request is not a valid URL: {error}.")
    except httpx.HTTPError as error:
        _fail(f"{error.request.url} does not respond: {error}.", "Find the cause: saga doctor")


def _problem_text(response: httpx.Response) -> str:
    """Return title and detail of an RFC 9457 problem, or the beginning of any other response."""
    try:
        problem = response.json()
        return visible(f"{problem['title']} {problem.get('detail') or ''}".strip())
    except (ValueError, KeyError, TypeError):
        url, status = response.request.url, response.status_code
        return f"{url} returned {status}: {visible(response.text[:500])}"


def _fail(problem: str, cure: str = "") -> None:
    errors.print(Text("Error: ", style="bold red") + Text(visible_lines(problem)))
    if cure:
        errors.print(Text("Cure:  ", style="bold green") + Text(visible_lines(cure)))
    raise typer.Exit(1)
