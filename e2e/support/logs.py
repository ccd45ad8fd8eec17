"""The warnings and errors in the logs of a running system."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

LEVELS: Final = ("warning", "error", "critical")
MAX_LINES: Final = 40


def warnings_of(system: Any) -> Iterator[tuple[str, str]]:
    """Yield each part's name with the last warnings and errors of its log, for a local stack."""
    folder = Path(system.settings.data_dir) / "logs"
    for log in sorted(folder.glob("*.log")):
        lines = [line for line in log.read_text(errors="replace").splitlines() if is_warning(line)]
        if lines:
            yield log.stem, "\n".join(lines[-MAX_LINES:])


def is_warning(line: str) -> bool:
    """Return True for a structured line of level warning or above, and for any other text."""
    try:
        return json.loads(line)["level"] in LEVELS
    except (ValueError, KeyError, TypeError):
        return bool(line.strip())
