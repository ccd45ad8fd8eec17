"""The jars of the broker, pinned by size and digest in `kafka_jars.sha256`."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

KAFKA_VERSION = "4.3.1"
PINNED_LIST = "kafka_jars.sha256"


@dataclass(frozen=True)
class Jar:
    """One pinned file: its SHA-256, its size in bytes and its path in a Maven repository."""

    sha256: str
    size: int
    path: str

    @property
    def name(self) -> str:
        """The file name, unique in the list."""
        return PurePosixPath(self.path).name


def pinned_jars() -> list[Jar]:
    """Return the jars that make up the broker."""
    text = files("saga_stack.java").joinpath(PINNED_LIST).read_text()
    rows = (line.split() for line in text.splitlines())
    return [Jar(digest, int(size), path) for digest, size, path in rows]
