"""Log files streamed to the console, each line prefixed with its component's name."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text
from saga_cli.visible import visible

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red")


class LogTail:
    """Prints the lines appended to log files since the last call; complete lines only."""

    def __init__(self, logs: Mapping[str, Path], console: Console) -> None:
        """Start at the beginning of each file.

        Args:
            logs: The file of each component, by name; it may be created later.
            console: The console to print on.
        """
        self._logs = logs
        self._console = console
        self._offsets = dict.fromkeys(logs, 0)
        self._width = max(map(len, logs), default=0)

    def print_new(self) -> None:
        """Print the new lines of every file."""
        for colour, (name, path) in enumerate(self._logs.items()):
            prefix = Text(f"{name:<{self._width}} ", style=COLOURS[colour % len(COLOURS)])
            for line in self._new_lines(name, path):
                self._console.print(prefix + Text(visible(line.expandtabs())), soft_wrap=True)

    def _new_lines(self, name: str, path: Path) -> list[str]:
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._offsets[name])
            added = file.read()
        complete = added[: added.rfind(b"\n") + 1]
        self._offsets[name] += len(complete)
        return complete.decode(errors="replace").split("\n")[:-1]
