# ruff: noqa: INP001, S603  # part of a script, which starts other programs
"""The compared servers: installation, start on loopback, and stop.

None becomes part of this project: localstripe (GPL-3) has its own virtual environment and, like
stripe-mock, runs as a separate process.
"""

import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_CACHE = ROOT / ".tools" / "fidelity"
_INSTALL_SECONDS = 600
_START_SECONDS = 30
_STOP_SECONDS = 10
_STRIPE_MOCK = "github.com/stripe/stripe-mock"
_LOCALSTRIPE = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda store: None  # it writes to a fixed file in /tmp
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start; `port_prefix` and the port are the last argument of its command."""

    name: str
    version: str
    command: tuple[str, ...]
    port_prefix: str = ""


def emulator() -> Server:
    """Return this emulator, started by its command."""
    command = (sys.executable, "-m", "stripe_emulator", "--log-level", "error", "--port")
    return Server("emulator", importlib.metadata.version("stripe-emulator"), command)


def localstripe() -> Server | None:
    """Install the latest localstripe and return it, or None without uv."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools/uv/bin"))
    if uv is None:
        return None
    folder = _CACHE / "localstripe"
    python = str(folder / "bin" / "python")
    if not folder.exists():
        _output(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    _output(uv, "pip", "install", "--quiet", "--upgrade", "--python", python, "localstripe")
    version = "import importlib.metadata as m; print(m.version('localstripe'))"
    return Server("localstripe", _output(python, "-c", version), (python, "-c", _LOCALSTRIPE))


def stripe_mock() -> Server | None:
    """Build the latest stripe-mock and return it, or None without a Go toolchain."""
    go = shutil.which("go")
    if go is None:
        return None
    binary = _CACHE / "go" / "stripe-mock"
    _output(go, "install", f"{_STRIPE_MOCK}@latest", GOBIN=str(binary.parent))
    built = _output(go, "version", "-m", str(binary)).split()
    version = built[built.index("mod") + 2]
    return Server("stripe-mock", version, (str(binary), "-http-addr"), "127.0.0.1:")


@contextmanager
def running(server: Server) -> Generator[str]:
    """Run a server during the block, which receives its URL.

    Raises:
        TimeoutError: If it does not listen within 30 s.
    """
    port = _free_port()
    command = [*server.command, f"{server.port_prefix}{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(server, process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_listens(server: Server, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"{server.name} did not start.") from None
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _output(*command: str, **environment: str) -> str:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_INSTALL_SECONDS,
    ).stdout.strip()
