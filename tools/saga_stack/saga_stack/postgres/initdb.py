"""What PostgreSQL needs before its first start: a system user and an initialised folder."""

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
    """The user to run PostgreSQL as where we are root (made if missing), else None: ourselves."""
    if os.geteuid() != 0:
        return None
    ensure_user_exists(SYSTEM_USER)
    return SYSTEM_USER


def prepare_data_dir(cluster: Path) -> None:
    """Makes the folder a PostgreSQL cluster, unless it is one; only its owner may read it.

    Raises:
        ChildFailedError: initdb refused; the message has its output.
    """
    user = system_user()
    cluster.mkdir(parents=True, exist_ok=True)
    if user:
        shutil.chown(cluster, user, user)
        for path in (cluster, BIN_DIR):
            let_others_pass(path)
    if not (cluster / "PG_VERSION").exists():
        _initdb(cluster, user)


def _initdb(cluster: Path, user: str | None) -> None:
    options = ("--auth=trust", "--encoding=UTF8", "--no-locale", "-U", SUPERUSER)
    command = [str(BIN_DIR / "initdb"), *options, "-D", str(cluster)]
    result = subprocess.run(
        command, user=user, group=user, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ChildFailedError(f"initdb could not make {cluster}: {result.stdout}{result.stderr}")


def other_server(cluster: Path) -> str | None:
    """Which PostgreSQL process uses the folder already, in words, or None."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if is_alive(process) and process.name() == "postgres":
            return f"PostgreSQL (process {pid}) still uses {cluster}"
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        pass
    return None


def let_others_pass(path: Path) -> None:
    """Lets the other user reach a folder: search permission on its parents, not reading them."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
