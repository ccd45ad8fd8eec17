"""Apache Kafka's official jars, downloaded once and verified against pinned digests."""

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from saga_stack.errors import DownloadError
from saga_stack.java import fetch_https, fetch_maven
from saga_stack.java.pinned import KAFKA_VERSION, Jar, pinned_jars
from saga_stack.paths import cache_dir

_INSTALLING = threading.Lock()

Fetch = Callable[[list[Jar], Path], None]


def ensure_jars() -> Path:
    """Return the folder with every pinned jar; download them first if they are missing.

    The jars are downloaded and verified in a temporary folder that is then renamed, so an
    interrupted or concurrent download never leaves an incomplete folder.

    Raises:
        DownloadError: The jars cannot be downloaded, or one does not match its digest.
    """
    folder = jars_dir()
    with _INSTALLING:  # the brokers of a cluster start at the same time
        if not jars_present(folder):
            _install(folder, choose_fetch())
    return folder


def jars_dir() -> Path:
    """Return the folder of this Kafka version's jars."""
    return cache_dir() / f"kafka-{KAFKA_VERSION}"


def jars_present(folder: Path) -> bool:
    """Tell whether every pinned jar exists in its full size."""
    return all(
        (folder / jar.name).is_file() and (folder / jar.name).stat().st_size == jar.size
        for jar in pinned_jars()
    )


def choose_fetch() -> Fetch:
    """Return the download method: `MAVEN_REPOSITORY_URL`, else Maven, else Maven Central."""
    if os.environ.get("MAVEN_REPOSITORY_URL") or not shutil.which("mvn"):
        return fetch_https.fetch
    return fetch_maven.fetch


def check_digests(jars: list[Jar], folder: Path) -> None:
    """Return if every jar in the folder matches its pinned digest.

    Raises:
        DownloadError: A jar is missing or differs; the message names it.
    """
    for jar in jars:
        file = folder / jar.name
        if not file.is_file():
            raise DownloadError(f"{jar.name} is missing from the download.", "Try again.")
        actual = hashlib.sha256(file.read_bytes()).hexdigest()
        if actual != jar.sha256:
            raise DownloadError(
                f"{jar.name} has SHA-256 {actual}, but {jar.sha256} is pinned; it is not used.",
                "Check the repository or mirror that it came from.",
            )


def _install(folder: Path, fetch: Fetch) -> None:
    jars = pinned_jars()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        filled = Path(scratch) / "jars"
        filled.mkdir()
        fetch(jars, filled)
        check_digests(jars, filled)
        _rename(filled, folder)


def _rename(filled: Path, folder: Path) -> None:
    if folder.exists() and not jars_present(folder):
        shutil.rmtree(folder)
    try:
        filled.rename(folder)
    except OSError:
        if not jars_present(folder):  # else another process was faster, with the same files
            raise
