"""Stripe's OpenAPI document, and Stripe's CLI connected to an emulator only."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from stripe_emulator.testing import RunningEmulator
from stripe_official.document import Document
from stripe_official.downloads import Unavailable, stripe_command


@pytest.fixture(scope="session")
def published(document: Document | Unavailable) -> Document:
    """Stripe's OpenAPI document; tests are skipped if it is not available."""
    if isinstance(document, Unavailable):
        pytest.skip(f"Stripe's OpenAPI document is not available: {document}")
    return document


@pytest.fixture(scope="session")
def command() -> Path:
    """The executable; tests are skipped if it is not available, and fail with `CI` set."""
    try:
        return stripe_command()
    except Unavailable as reason:
        missing = f"Stripe's command line is not available: {reason}"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """The URL of a proxy that refuses everything, and the requests it received."""
    asked: list[str] = []

    class Nowhere(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nowhere) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture
def cli(
    command: Path, running: RunningEmulator, outside: tuple[str, list[str]], tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Run the CLI; its check for a newer version gets no response."""
    proxy, asked = outside
    environment = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "HTTPS_PROXY": proxy,
        "STRIPE_API_KEY": "sk_test_command_line",
        "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
    }

    def cli(*arguments: str, exit_status: int = 0) -> str:
        ended = subprocess.run(
            [command, *arguments, "--api-base", running.url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert ended.returncode == exit_status, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    yield cli
    assert set(asked) <= {"api.github.com:443"}
