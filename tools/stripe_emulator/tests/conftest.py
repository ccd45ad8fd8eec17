"""An emulator that is empty for each test, the SDK as services use it, and plain HTTP.

Every answer of every test is held to Stripe's OpenAPI document when the test has ended.
"""

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.clock import Clock
from stripe_emulator.request_log import Entry, RequestLog
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
    """Stripe's OpenAPI document, or why there is none; with `CI` set there has to be one."""
    try:
        return Document(openapi_document())
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(f"Stripe's OpenAPI document is not available: {reason}")
        return reason


@pytest.fixture(scope="session")
def every_entry() -> Iterator[list[Entry]]:
    """What every emulator of this process enters into its log, before the log forgets it."""
    entries: list[Entry] = []
    add = RequestLog.add

    def add_and_remember(log: RequestLog, entry: Entry) -> None:
        entries.append(entry)
        add(log, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RequestLog, "add", add_and_remember)
        yield entries


@pytest.fixture(autouse=True)
def _every_answer_is_stripes(
    every_entry: list[Entry], document: Document | Unavailable
) -> Iterator[None]:
    every_entry.clear()
    yield
    if isinstance(document, Document):
        complaints = Checker(document).log(every_entry)
        assert not complaints, "\n".join(complaints)


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
    """Poll until a condition holds, ten seconds at the most."""

    def until(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
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
    """The parameters with which the payment service holds money."""

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
