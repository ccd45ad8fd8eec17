"""The journal: a file of every command that may change state, which survives `kill -9`.

The first line is a header, each further line a command: `[name, seconds since 1970, arguments]`.
A line is written before its command is executed, without fsync: every request with a response is
in the file even if the process is killed, but the end may be lost in a power failure.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, cast

import orjson

from stripe_emulator.wire.messages import Request, Response

_HEADER = b'{"stripe_emulator":'
_KEPT_HEADERS = (b"host", b"idempotency-key")


class UnusableJournal(Exception):
    """A file that is not a journal of this build of the emulator."""


@cache
def build() -> str:
    """Return the name of this build; builds with different code have different names."""
    code = hashlib.sha256()
    for module in sorted(Path(__file__).parents[1].rglob("*.py")):
        code.update(module.read_bytes())
    return f"{version('stripe-emulator')}+{code.hexdigest()[:12]}"


class Command(NamedTuple):
    """A line of the journal: the command's name, the time in seconds since 1970, arguments."""

    name: str
    now: int
    arguments: list[Any]


class Journal:
    """A journal file, locked for this process.

    Replay leads to the same account only with the same ids and the same code. The header
    therefore has the seed of the ids and the name of the build, and another build refuses it.

    Args:
        path: The file, which is created if it does not exist.
        seed: The seed of the ids of a new journal.

    Raises:
        UnusableJournal: If the file is not a journal of this build, or is in use.
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with path.open("rb") as lines:
                header = lines.readline()
            cut_short = _HEADER.startswith(header[: len(_HEADER)]) and not header.endswith(b"\n")
            self.seed = seed if cut_short else self._seed_in(header)
            if cut_short:
                self._clear()
        except BlockingIOError:
            os.close(self._file)
            raise UnusableJournal(f"{path} is in use by a running emulator.") from None
        except UnusableJournal:
            os.close(self._file)
            raise

    def commands(self) -> Iterator[Command]:
        """Read every command; an incomplete last line, which had no response, is removed.

        Raises:
            UnusableJournal: If another line is invalid.
        """
        position = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    os.ftruncate(self._file, position)
                    return
                position += len(line)
                if number > 1:
                    yield self._command_in(line, number)

    def append(self, now: int, name: str, *arguments: object) -> None:
        """Write a command; the operating system has it when this returns."""
        if name == "reset":
            self._clear()
        else:
            line = orjson.dumps([name, now, arguments], _plain, orjson.OPT_PASSTHROUGH_DATACLASS)
            self._write(line + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _clear(self) -> None:
        os.ftruncate(self._file, 0)
        header = {"stripe_emulator": build(), "seed": self.seed}
        self._write(orjson.dumps(header) + b"\n")

    def _write(self, line: bytes) -> None:
        size = os.fstat(self._file).st_size
        if os.write(self._file, line) < len(line):
            os.ftruncate(self._file, size)
            raise OSError(errno.ENOSPC, "no space left for the journal", str(self._path))

    def _seed_in(self, header: bytes) -> int:
        try:
            read = cast("dict[str, object]", orjson.loads(header))
            written_by, seed = read["stripe_emulator"], cast("int", read["seed"])
        except (ValueError, KeyError, TypeError):
            raise UnusableJournal(f"{self._path} is not a journal of the emulator.") from None
        if written_by != build():
            raise UnusableJournal(
                f"{self._path} was written by build {written_by}, and this is build {build()}: "
                "delete the file or run that build."
            )
        return seed

    def _command_in(self, line: bytes, number: int) -> Command:
        try:
            return Command(*orjson.loads(line))
        except (ValueError, TypeError):
            raise UnusableJournal(f"{self._path}, line {number}: not a command.") from None


def read_request(written: dict[str, str]) -> Request:
    """Read the request of a command; only the headers that execution needs are recorded."""
    headers = {name: written[name.decode()].encode("latin-1") for name in _KEPT_HEADERS}
    query, body = written["query"].encode("latin-1"), written["body"].encode("latin-1")
    return Request(written["method"], written["path"], query, headers, body)


def read_response(written: dict[str, object]) -> Response:
    """Read the response of a command."""
    body = cast("str", written["body"]).encode("latin-1")
    code = cast("str | None", written["error_code"])
    return Response(cast("int", written["status"]), body, error_code=code)


def _plain(value: object) -> dict[str, object]:
    match value:
        case Request():
            kept = {name.decode(): value.header(name) or "" for name in _KEPT_HEADERS}
            query, body = value.query.decode("latin-1"), value.body.decode("latin-1")
            line = {"method": value.method, "path": value.path, "query": query, "body": body}
            return {**line, **kept}
        case Response():
            body = value.body.decode("latin-1")
            return {"status": value.status, "body": body, "error_code": value.error_code}
        case _:
            raise TypeError
