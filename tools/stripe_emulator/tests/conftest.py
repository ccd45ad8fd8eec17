"""An empty emulator for each test, the SDK as services use it, and an HTTP client.

Every response of every test is checked against Stripe's OpenAPI document after the test.
"""

import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.account.clock import Clock
from stripe_emulator.requests.log import LogEntry, RequestLog
from stripe_emulator.settings import Settings
from stripe_emulator.testing import RunningEmulator, running_emulator

sys.path.insert(0, str(Path(__file__).parent / "official"))

from stripe_official.checker import Checker
from stripe_official.document import Document
from stripe_official.downloads import Unavailable, openapi_document

START = 1_800_000_000
KEY = "sk_test_emulator"


@pytest.fixture(scope="session")
def document() -> Document | Unavailable:
    """Stripe's OpenAPI document, or the reason that it is missing, an error with `CI` set."""
    try:
        return Document(openapi_document())
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"Stripe's OpenAPI document is not available: {reason}")
        return reason


@pytest.fixture(scope="session")
def logged_entries() -> Iterator[list[LogEntry]]:
    """All log entries of every emulator of this process."""
    entries: list[LogEntry] = []
    add = RequestLog.add

    def add_and_record(log: RequestLog, entry: LogEntry) -> None:
        entries.append(entry)
        add(log, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RequestLog, "add", add_and_record)
        yield entries


@pytest.fixture(autouse=True)
def _check_every_response(
    logged_entries: list[LogEntry], document: Document | Unavailable
) -> Iterator[None]:
    logged_entries.clear()
    yield
    if isinstance(document, Document):
        problems = Checker(document).log(logged_entries)
        assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def server() -> Iterator[RunningEmulator]:
    with running_emulator(Settings(clock=Clock(lambda: START))) as running:
        yield running


@pytest.fixture
def running(server: RunningEmulator) -> RunningEmulator:
    """The emulator, with an empty account and the clock at `START`."""
    assert httpx.post(f"{server.url}/_emulator/reset").status_code == 204
    return server


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Poll until a condition holds, for at most 30 seconds."""

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return until


@pytest.fixture
def clock(running: RunningEmulator) -> Clock:
    return running.emulator.account.clock


@pytest.fixture
def client(running: RunningEmulator) -> Iterator[stripe.StripeClient]:
    http_client = stripe.RequestsClient(timeout=10)
    yield stripe.StripeClient(
        KEY,
        base_addresses={"api": running.url},
        http_client=http_client,
        max_network_retries=0,
    )
    http_client.close()


@pytest.fixture
async def async_client(running: RunningEmulator) -> AsyncIterator[stripe.StripeClient]:
    http_client = stripe.AIOHTTPClient(timeout=10)
    yield stripe.StripeClient(
        KEY,
        base_addresses={"api": running.url},
        http_client=http_client,
        max_network_retries=0,
    )
    await http_client.close_async()


@pytest.fixture
def http(running: RunningEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=10) as http:
        yield http


@pytest.fixture
def arm(http: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Arm a fault for PaymentIntents."""

    def arm(kind: str, **options: object) -> dict[str, Any]:
        wanted = {"kind": kind, "endpoint": "POST /v1/payment_intents", **options}
        response = http.post("/_emulator/faults", json=wanted)
        assert response.status_code == 201, response.text
        return response.json()

    return arm


@pytest.fixture
def ledger(http: httpx.Client) -> Callable[[], SimpleNamespace]:
    return lambda: SimpleNamespace(**http.get("/_emulator/ledger").json())


@pytest.fixture
def hold() -> Callable[..., dict[str, Any]]:
    """Build the parameters with which the payment service holds money."""

    def hold(**changes: object) -> dict[str, Any]:
        parameters = {
            "amount": 1299,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "capture_method": "manual",
            "confirm": True,
            "off_session": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    return hold


class Receiver:
    """A server of a webhook endpoint, which records its requests.

    `responses` has the responses to the next requests: a status, "hang", "close" or "flood", an
    endless 200. Later responses are 200.
    """

    def __init__(self) -> None:
        self.responses: list[int | str] = []
        self.received: list[SimpleNamespace] = []
        self.flooded = threading.Event()
        self._arrival = threading.Condition()
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def events(self, count: int) -> list[str]:
        """Wait for a number of events and return the types of all."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.received) >= count, 60), self.types
        return self.types

    @property
    def types(self) -> list[str]:
        return [json.loads(each.body)["type"] for each in self.received]

    def close(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        with self._arrival:
            self.received.append(SimpleNamespace(headers=request.headers, body=body))
            answer = self.responses.pop(0) if self.responses else 200
            self._arrival.notify_all()
        if answer == "hang":
            self._stopped.wait(20)
        if answer == "flood":
            self._flood(request)
        if isinstance(answer, str):
            request.close_connection = True
            return
        request.send_response(answer)
        request.send_header("Location", self.url)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _flood(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with suppress(ConnectionError):
            while not self._stopped.is_set():
                request.wfile.write(bytes(65_536))
        self.flooded.set()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                take(self)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def endpoint(client: stripe.StripeClient, receiver: Receiver) -> stripe.WebhookEndpoint:
    """A webhook endpoint for all events, at the receiver."""
    wanted: Any = {"url": receiver.url, "enabled_events": ["*"]}
    return client.v1.webhook_endpoints.create(wanted)


class Webhooks:
    """The control API of webhooks, and the clock."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the newest endpoint's counts once they meet a condition."""
        deadline = time.monotonic() + 30
        while True:
            counts = self._http.get("/_emulator/webhooks").json()["endpoints"][-1]
            if condition(counts):
                return counts
            assert time.monotonic() < deadline, counts

    def attempt(self, number: int) -> dict[str, Any]:
        """Return the log entry of an attempt, counted from 1, once it exists."""
        deadline = time.monotonic() + 30
        while len(self.deliveries()) < number:
            assert time.monotonic() < deadline, self.deliveries()
        return self.deliveries()[number - 1]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the log of attempts, oldest first."""
        return self._http.get("/_emulator/webhooks/deliveries").json()["deliveries"][::-1]

    def advance(self, seconds: int) -> int:
        """Move the clock."""
        moved = self._http.post("/_emulator/clock", json={"advance_seconds": seconds})
        return moved.json()["now"]


@pytest.fixture
def webhooks(http: httpx.Client) -> Webhooks:
    return Webhooks(http)
