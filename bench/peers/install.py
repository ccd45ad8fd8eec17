"""Install Restate and DBOS into a folder of their own, in pinned versions."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.measuring.report import console

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".tools" / "peers"
PYTHON: Final = FOLDER / "venv" / "bin" / "python"
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
RESTATE_SERVER: Final = "@restatedev/restate-server@1.7.12"
STAMP: Final = FOLDER / "installed"
LIMIT_SECONDS: Final = 900
ARCHITECTURES: Final = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def install_peers() -> None:
    """Install the peers, unless these versions are installed already.

    No script of a package runs: one of them would report the installation.

    Raises:
        SystemExit: npm is missing.
        CalledProcessError: A package could not be installed.
    """
    wanted = f"{RESTATE_SERVER}\n{REQUIREMENTS.read_text()}"
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    npm, uv = shutil.which("npm"), ROOT / ".tools" / "uv" / "bin" / "uv"
    if npm is None:
        raise SystemExit("npm is missing: install Node.js with npm; Restate's server comes from it")
    console.print(f"Installing {RESTATE_SERVER} and {REQUIREMENTS.name} into {FOLDER}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    _run(uv, "venv", "--quiet", "--python", sys.executable, FOLDER / "venv")
    _run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--requirement", REQUIREMENTS)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _run(npm, "install", "--prefix", FOLDER / "npm", *quiet, RESTATE_SERVER)
    STAMP.write_text(wanted)


def restate_server() -> Path:
    """Return the program of Restate's server for this machine."""
    system, machine = platform.system().lower(), platform.machine()
    name = f"restate-server-{system}-{ARCHITECTURES.get(machine, machine)}"
    return FOLDER / "npm" / "node_modules" / "@restatedev" / name / "bin" / "restate-server"


def _run(*command: str | Path) -> None:
    argv = [str(part) for part in command]
    subprocess.run(argv, check=True, timeout=LIMIT_SECONDS)  # noqa: S603 - commands of this file
