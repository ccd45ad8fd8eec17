import http.server
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from saga_cli import screen
from saga_cli.kafka import EmbeddedKafka
from saga_cli.main import app
from saga_cli.postgres import EmbeddedPostgres
from typer.testing import CliRunner

runner = CliRunner()


@pytest.fixture(scope="session")
def stack_dir() -> Iterator[Path]:
    # Short, for PostgreSQL's socket, and not below pytest's folder, which only we may enter.
    folder = Path(tempfile.mkdtemp(prefix="saga-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kafka(stack_dir: Path) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(stack_dir / "kafka") as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres(stack_dir: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(stack_dir / "postgres") as server:
        yield server


@dataclass
class Service:
    """What it was asked, and what it answers: a status and a body, of its path or in general."""

    url: str = ""
    asked: list[tuple[str, str, object]] = field(default_factory=list)
    answer: tuple[int, object] = (200, {})
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)

    def run(self, *words: str):
        environment = {"ORDERS_URL": self.url, "PAYMENTS_URL": self.url, "USER": "ann"}
        return runner.invoke(app, words, env=environment)


@pytest.fixture
def service(monkeypatch):
    for console in (screen.output, screen.errors):
        monkeypatch.setattr(console, "width", screen.PLAIN_WIDTH)
    service = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(None)

        def do_POST(self):
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body):
            service.asked.append((self.command, self.path, body))
            status, answer = service.answers.get(self.path.partition("?")[0], service.answer)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}"
        yield service
        server.shutdown()
        thread.join()
