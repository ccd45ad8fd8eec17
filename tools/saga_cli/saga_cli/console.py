"""The two consoles: results on standard output, everything else on standard error."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import TextIOWrapper

import httpx
import typer
from rich.console import Console
from rich.text import Text

from saga_cli.errors import CommandError
from saga_cli.visible import HANDLER, visible, visible_lines

PLAIN_WIDTH = 240  # where no terminal sets a width


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False)


def print_any_character() -> None:
    """Print characters that the terminal's encoding lacks as escapes, instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


output = _console(stderr=False)
errors = _console(stderr=True)


@contextmanager
def report_errors() -> Generator[None]:
    """Print an expected error and its cure instead of a traceback, and end with exit code 1."""
    try:
        yield
    except CommandError as error:
        _fail(error.problem, error.cure)
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
