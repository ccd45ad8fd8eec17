"""Streams log files to the screen, each line with the name of its part in a colour of its own."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red")


class LogFollower:
    """Prints what was added to the files since the last look; whole lines only."""

    def __init__(self, logs: Mapping[str, Path], console: Console) -> None:
        """Starts at the beginning of each file.

        Args:
            logs: The file of each part, by name; a file may appear later.
            console: Where the lines go.
        """
        self._logs = logs
        self._console = console
        self._offsets = dict.fromkeys(logs, 0)
        self._width = max(map(len, logs), default=0)

    def print_new(self) -> None:
        """Prints the new lines of every file."""
        for colour, (name, path) in enumerate(self._logs.items()):
            prefix = Text(f"{name:<{self._width}} ", style=COLOURS[colour % len(COLOURS)])
            for line in self._new_lines(name, path):
                self._console.print(prefix + Text(line), soft_wrap=True)

    def _new_lines(self, name: str, path: Path) -> list[str]:
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._offsets[name])
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._offsets[name] += len(whole)
        return whole.decode(errors="replace").splitlines()
