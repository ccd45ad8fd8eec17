"""The jars that make up the broker, as this package pins them."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

KAFKA_VERSION = "4.3.1"
PINNED_LIST = "kafka_jars.sha256"


@dataclass(frozen=True)
class Jar:
    """One pinned file: its place in a Maven repository, size in bytes and SHA-256."""

    sha256: str
    size: int
    path: str

    @property
    def name(self) -> str:
        """The file's name, unique in the list."""
        return PurePosixPath(self.path).name


def pinned_jars() -> list[Jar]:
    """The jars of the broker, as this package pins them."""
    text = files("saga_stack.java").joinpath(PINNED_LIST).read_text()
    rows = (line.split() for line in text.splitlines())
    return [Jar(digest, int(size), path) for digest, size, path in rows]
