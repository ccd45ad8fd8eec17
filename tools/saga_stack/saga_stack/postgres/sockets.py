"""The folder of the server's Unix socket."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from pwd import getpwnam
from typing import Final

from saga_stack.errors import StackError
from saga_stack.postgres.initdb import system_user

PLAIN: Final = re.compile(r"[A-Za-z0-9/._-]+")
SOCKET: Final = ".s.PGSQL.5432"
MAX_BYTES: Final = 103
"""Of a socket's path: 107 on Linux, 103 on macOS (`man 7 unix`, `man 4 unix`)."""


def socket_dir(cluster: Path) -> Path:
    """Return the data folder, or a folder for temporary files if its path cannot be used.

    A socket's path is short, and in both PostgreSQL's setting and a client's host a comma separates
    folders. The same data folder always has the same socket.

    Raises:
        StackError: The temporary folder belongs to another user.
    """
    if fits(cluster):
        return cluster
    name = f"{cluster}-{cluster.stat().st_ino}"
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return _temporary(f"saga-{digest[:12]}")


def fits(folder: Path) -> bool:
    """Return True if the folder's path can be the address of a server."""
    path = str(folder / SOCKET)
    return len(path) <= MAX_BYTES and PLAIN.fullmatch(path) is not None


def _temporary(name: str) -> Path:
    folder = next(path for path in (Path(tempfile.gettempdir()), Path("/tmp")) if fits(path / name))  # noqa: S108
    folder /= name
    folder.mkdir(mode=0o700, exist_ok=True)
    user = system_user()
    trusted = {os.geteuid(), getpwnam(user).pw_uid} if user else {os.geteuid()}
    if folder.is_symlink() or folder.lstat().st_uid not in trusted:
        raise StackError(f"{folder} belongs to another user.", "Delete it, or set TMPDIR.")
    if user:
        shutil.chown(folder, user, user)
    return folder
