"""Commands of other installed packages, in the entry point group `saga.commands`."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from saga_cli.console import report_errors
from saga_cli.errors import CommandError

GROUP: Final = "saga.commands"
PACKAGES: Final = {"up": "saga-stack", "demo": "saga-demo", "doctor": "saga-stack"}
"""The package of each command that is not in this one."""

ANY_ARGUMENTS: Final = {"ignore_unknown_options": True, "allow_extra_args": True}


class PluginGroup(TyperGroup):
    """The commands of this package, and those of other packages that are installed.

    Another package is imported only when its command is used or described, so `saga why` does not
    load the local stack.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all installed commands."""
        return [*installed(), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by name; one that is not installed fails with the cure."""
        return super().get_command(ctx, cmd_name) or plugin_command(cmd_name)


def installed() -> dict[str, EntryPoint]:
    """Return the entry points of the installed commands by name, the known ones first."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: found[name] for name in (*PACKAGES, *found) if name in found}


def plugin_command(name: str) -> TyperCommand | None:
    """Load the command of another package, or return one that explains how to install it."""
    entry_point = installed().get(name)
    if entry_point:
        return _command(name, entry_point.load())
    if name in PACKAGES:
        return _command(name, _missing(name), hidden=True, context_settings=ANY_ARGUMENTS)
    return None


def _missing(name: str) -> Callable[[], None]:
    def missing() -> None:
        with report_errors():
            raise CommandError(
                f"`saga {name}` is not installed: it is part of the package {PACKAGES[name]}.",
                f"Run uv sync --package {PACKAGES[name]}, or make install for everything.",
            )

    return missing


def _command(name: str, callback: Callable[..., None], **settings: Any) -> TyperCommand:
    app = typer.Typer(add_completion=False)
    app.command(name, **settings)(callback)
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)  # noqa: S101 - an app with one command is that command
    return command
