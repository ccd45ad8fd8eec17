"""Paths and make targets of this repository."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
END_TO_END = REPOSITORY / "e2e"


def make_targets() -> set[str]:
    """Return the names of the Makefile's targets."""
    makefile = (REPOSITORY / "Makefile").read_text()
    return set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
