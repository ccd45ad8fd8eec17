"""Download over HTTPS from a Maven repository."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from saga_cli.console import errors

from saga_stack.errors import DownloadError
from saga_stack.java.pinned import Jar

CENTRAL = "https://repo.maven.apache.org/maven2"
PARALLEL = 6


def repository_url() -> str:
    """Return the repository: `MAVEN_REPOSITORY_URL`, by default Maven Central."""
    return (os.environ.get("MAVEN_REPOSITORY_URL") or CENTRAL).rstrip("/")


def fetch(jars: Sequence[Jar], folder: Path) -> None:
    """Download the jars into the folder; the caller verifies their digests.

    Raises:
        DownloadError: The repository cannot be reached, or lacks a jar.
    """
    base = repository_url()
    with _progress() as progress, httpx.Client(follow_redirects=True, timeout=60) as client:
        bar = progress.add_task("Downloading Apache Kafka", total=sum(jar.size for jar in jars))

        def one(jar: Jar) -> None:
            with (folder / jar.name).open("wb") as file:
                for block in _blocks(client, f"{base}/{jar.path}"):
                    file.write(block)
                    progress.advance(bar, len(block))

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(one, jars))


def _blocks(client: httpx.Client, url: str) -> Iterator[bytes]:
    try:
        with client.stream("GET", url) as response:
            response.raise_for_status()
            yield from response.iter_bytes(1 << 16)
    except httpx.HTTPError as error:
        raise DownloadError(
            f"{url} could not be downloaded: {error}.",
            "Check the network, or set MAVEN_REPOSITORY_URL to a mirror.",
        ) from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=errors,
    )
