"""The system user and the initialised data folder that PostgreSQL needs before its first start."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import psutil

from saga_stack.errors import ChildFailedError
from saga_stack.postgres.wheel import BIN_DIR, ensure_user_exists
from saga_stack.processes.watchdog import is_alive

SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"


def system_user() -> str | None:
    """Return the user to run PostgreSQL as, created if missing; None unless this user is root."""
    if os.geteuid() != 0:
        return None
    ensure_user_exists(SYSTEM_USER)
    return SYSTEM_USER


def prepare_data_dir(cluster: Path) -> None:
    """Initialise a PostgreSQL data folder, unless it is one; only its owner may read it.

    Raises:
        ChildFailedError: initdb failed; the message contains its output.
    """
    user = system_user()
    cluster.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(cluster, user, user)
        for path in (cluster, BIN_DIR):
            allow_traversal(path)
    if not (cluster / "PG_VERSION").exists():
        _initdb(cluster, user)


def _initdb(cluster: Path, user: str | None) -> None:
    options = ("--auth=trust", "--encoding=UTF8", "--no-locale", "-U", SUPERUSER)
    command = [str(BIN_DIR / "initdb"), *options, "-D", str(cluster)]
    result = subprocess.run(
        command, user=user, group=user, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ChildFailedError(f"initdb failed in {cluster}: {result.stdout}{result.stderr}")


def running_server(cluster: Path) -> str | None:
    """Describe the PostgreSQL process that still uses the folder, or return None."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if is_alive(process) and process.name() == "postgres":
            return f"PostgreSQL (process {pid}) still uses {cluster}"
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        pass
    return None


def allow_traversal(path: Path) -> None:
    """Let other users reach a folder: search permission, not read permission, on its parents."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
