import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from saga_cli import console
from saga_cli.main import app
from typer.testing import CliRunner

runner = CliRunner()

Response = tuple[int, object]


@dataclass
class FakeService:
    """A service that records its requests and returns the responses it was given.

    Attributes:
        requests: Method, path and body of each request.
        response: Status and body of every path that is not in `responses`.
        responses: Status and body by path.
    """

    url: str = ""
    requests: list[tuple[str, str, object]] = field(default_factory=list)
    response: Response = (200, {})
    responses: dict[str, Response] = field(default_factory=dict)

    def run(self, *words: str):
        environment = {"ORDERS_URL": self.url, "PAYMENTS_URL": self.url, "USER": "ann"}
        return runner.invoke(app, words, env=environment)


@pytest.fixture
def service(monkeypatch) -> Iterator[FakeService]:
    for each in (console.output, console.errors):
        monkeypatch.setattr(each, "width", console.PLAIN_WIDTH)
    service = FakeService()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._respond(None)

        def do_POST(self):
            self._respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _respond(self, request):
            service.requests.append((self.command, self.path, request))
            path = self.path.partition("?")[0]
            status, body = service.responses.get(path, service.response)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        service.url = f"http://127.0.0.1:{server.server_port}"
        yield service
        server.shutdown()
        thread.join()
