"""The two consoles: results on standard output, everything else on standard error."""

import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import typer
from rich.console import Console
from rich.text import Text

from saga_cli.errors import CommandError
from saga_cli.visible import HANDLER, visible

PLAIN_WIDTH = 240  # where no terminal sets a width


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=HANDLER)
    terminal = stream.isatty()
    width = None if terminal or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False)


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
        return f"{problem['title']} {problem.get('detail') or ''}".strip()
    except (ValueError, KeyError, TypeError):
        return f"{response.request.url} returned {response.status_code}: {response.text[:500]}"


def _fail(problem: str, cure: str = "") -> None:
    errors.print(Text("Error: ", style="bold red") + Text(visible(problem)))
    if cure:
        errors.print(Text("Cure:  ", style="bold green") + Text(visible(cure)))
    raise typer.Exit(1)
