"""The two consoles: results go to standard output, everything else to standard error."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import typer
from rich.console import Console
from rich.text import Text

from saga_cli.errors import CommandError

# Without a terminal nobody sees where a line would have to be cut.
PLAIN_WIDTH = 240


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False)


output = _console(stderr=False)
errors = _console(stderr=True)


@contextmanager
def report_errors() -> Generator[None]:
    """Ends the command with exit code 1 and problem and cure in plain words, not a traceback."""
    try:
        yield
    except CommandError as error:
        _complain(error.problem, error.cure)
    except httpx.HTTPStatusError as error:
        _complain(_explained(error.response), "")
    except httpx.InvalidURL as error:
        _complain(f"That is no name that can be asked for: {error}.", "")
    except httpx.HTTPError as error:
        _complain(f"{error.request.url} does not answer: {error}.", "Is it up? Try: saga doctor")


def _explained(response: httpx.Response) -> str:
    """What an RFC 9457 answer says, or whatever else was answered."""
    try:
        problem = response.json()
        return f"{problem['title']} {problem.get('detail') or ''}".strip()
    except (ValueError, KeyError, TypeError):
        return f"{response.request.url} answered {response.status_code}: {response.text[:500]}"


def _complain(problem: str, cure: str) -> None:
    errors.print(Text("Error: ", style="bold red") + Text(problem))
    if cure:
        errors.print(Text("Cure:  ", style="bold green") + Text(cure))
    raise typer.Exit(1)
