"""The journal: every request with a response survives a kill."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.account.clock import Clock
from stripe_emulator.app import create_emulator
from stripe_emulator.emulator import Emulator
from stripe_emulator.journal.journal import Journal, UnusableJournal
from stripe_emulator.journal.restore import restore
from stripe_emulator.requests.execution import AdmittedRequest
from stripe_emulator.settings import Settings, WebhookSettings
from stripe_emulator.testing import RunningEmulator, running_emulator
from stripe_emulator.wire.messages import Request, Response

Until = Callable[[Callable[[], object]], None]
START = 1_800_000_000
WEEK = 7 * 24 * 3600


@contextmanager
def emulator(journal: Path) -> Iterator[tuple[RunningEmulator, stripe.StripeClient]]:
    http_client = stripe.RequestsClient(timeout=10)
    with running_emulator(Settings(clock=Clock(lambda: START), journal=journal)) as running:
        yield running, client_of(running.url, http_client)
        http_client.close()


def client_of(url: str, http_client: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_1", base_addresses={"api": url}, http_client=http_client, max_network_retries=0
    )


def state(running: RunningEmulator) -> Any:
    account = running.emulator.account
    collections = (
        account.customers,
        account.payment_methods,
        account.payment_intents,
        account.charges,
        account.refunds,
    )
    objects = [[item.as_json() for item in collection] for collection in collections]
    events = [(event.id, event.type, event.created, event.snapshot) for event in account.events]
    return objects, events, httpx.get(f"{running.url}/_emulator/ledger").json()


def create_objects(client: stripe.StripeClient, url: str, hold: Any) -> None:
    customer = client.v1.customers.create({"name": "Ann"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_methods.retrieve("pm_card_mastercard")
    parameters = hold(customer=customer.id, payment_method=card.id)
    intents = [
        client.v1.payment_intents.create(parameters, {"idempotency_key": f"k{number}"})
        for number in range(5)
    ]
    client.v1.payment_intents.create(parameters, {"idempotency_key": "k0"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create(hold(amount=77), {"idempotency_key": "k0"})
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(hold(payment_method="pm_card_chargeDeclined"))
    client.v1.payment_intents.capture(intents[0].id, {"amount_to_capture": 1000})
    client.v1.refunds.create({"payment_intent": intents[0].id, "amount": 10})
    client.v1.payment_intents.cancel(intents[1].id)
    asked = client.v1.payment_intents.create(
        hold(payment_method="pm_card_threeDSecure2Required", off_session=None)
    )
    httpx.get(f"{url}/_emulator/authenticate/{asked.id}")
    httpx.post(f"{url}/_emulator/clock", json={"advance_seconds": WEEK})
    fault = {"kind": "status_500_after", "endpoint": "POST /v1/payment_intents"}
    httpx.post(f"{url}/_emulator/faults", json=fault)
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(parameters, {"idempotency_key": "lost"})
    client.v1.payment_intents.create(parameters, {"idempotency_key": "last"})


def test_restart_restores_everything(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (running, client):
        create_objects(client, running.url, hold)
        before = state(running)
    with emulator(journal) as (running, client):
        assert state(running) == before
        assert running.emulator.account.clock.now() == START + WEEK
        with pytest.raises(stripe.APIError) as kept:
            client.v1.payment_intents.create(
                hold(
                    customer=before[0][0][0]["id"],
                    payment_method=before[0][1][0]["id"],
                ),
                {"idempotency_key": "lost"},
            )
        assert kept.value.headers["idempotent-replayed"] == "true"
        made = client.v1.payment_intents.create(hold())
        assert made.id not in {intent["id"] for intent in before[0][2]}
        after = state(running)
    with emulator(journal) as (running, _):
        assert state(running) == after


def test_reset_clears_the_journal(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (running, client):
        first = client.v1.payment_intents.create(hold()).id
        httpx.post(f"{running.url}/_emulator/reset")
        assert client.v1.payment_intents.create(hold()).id == first
    with emulator(journal) as (running, client):
        assert len(running.emulator.account.payment_intents) == 1


def test_request_without_a_finish_is_discarded(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (running, client):
        client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
    whole = journal.read_bytes()
    begun = whole[: whole.rindex(b'["finish"')]
    for cut in (begun, begun[:-1], begun + b'["fin'):
        journal.write_bytes(cut)
        with emulator(journal) as (running, client):
            assert len(running.emulator.account.payment_intents) == 0
            client.v1.payment_intents.create(hold(), {"idempotency_key": "k"})
            assert len(running.emulator.account.payment_intents) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"something else\n", "is not a journal"),
        (b'{"stripe_emulator":"0.0.0","seed":1}\n', "was written by build 0.0.0"),
    ],
)
def test_foreign_file_is_refused_unchanged(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(UnusableJournal, match=message):
        Journal(path, 1)
    assert path.read_bytes() == content


def test_invalid_line_is_named(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (_, client):
        client.v1.payment_intents.create(hold())
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:1], b"{}\n", *lines[1:]]))
    with pytest.raises(UnusableJournal, match="line 2"), emulator(journal):
        pass


def test_journal_survives_kill_9(tmp_path: Path, hold: Any, until: Until):
    """Requests with a response exist with their id; others exist at most once."""
    port = free_port()
    command = [sys.executable, "-m", "stripe_emulator", "--port", str(port)]
    command += ["--journal", str(tmp_path / "journal"), "--log-level", "warning"]
    url = f"http://127.0.0.1:{port}"
    answered: dict[str, str] = {}
    http_client = stripe.RequestsClient(timeout=10)
    client = client_of(url, http_client)
    for life in range(3):
        process = subprocess.Popen(command)
        try:
            until(lambda: is_up(url))
            for number in range(40):
                key = f"{life}-{number}"
                parameters = hold(metadata={"saga_id": key})
                made = client.v1.payment_intents.create(parameters, {"idempotency_key": key})
                answered[key] = made.id
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
    process = subprocess.Popen(command)
    try:
        until(lambda: is_up(url))
        lines = httpx.get(f"{url}/_emulator/ledger").json()["payment_intents"]
        assert {line["metadata"]["saga_id"]: line["id"] for line in lines} == answered
        assert len(lines) == len(answered)
    finally:
        process.terminate()
        assert process.wait(10) == 0
        http_client.close()


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_retry_of_an_abandoned_request_survives_restarts(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (_, client):
        client.v1.payment_intents.create(hold(), {"idempotency_key": "commandé"})
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b'["finish"')])
    with emulator(journal) as (running, client):
        client.v1.payment_intents.create(hold(), {"idempotency_key": "commandé"})
        before = state(running)
    for _ in range(2):
        with emulator(journal) as (running, client):
            assert state(running) == before


def test_expired_hold_is_expired_after_a_restart(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    with emulator(journal) as (running, client):
        client.v1.payment_intents.create(hold())
        httpx.post(f"{running.url}/_emulator/clock", json={"advance_seconds": WEEK})
        before = state(running)
    restored = create_emulator(Settings(clock=Clock(lambda: START), journal=journal))
    (intent,) = restored.account.payment_intents
    assert (intent.status, intent.as_json()) == ("canceled", before[0][2][0])


def test_refused_clock_move_is_not_recorded(tmp_path: Path):
    journal = tmp_path / "journal"
    with emulator(journal) as (running, _):
        before = journal.read_bytes()
        with pytest.raises(ValueError, match="only moves forward"):
            running.emulator.advance(-1)
        assert journal.read_bytes() == before


def test_ids_and_deliveries_survive_an_advanced_clock(tmp_path: Path, hold: Any):
    """Also if an endpoint is created first after the next start."""
    journal = tmp_path / "journal"
    with emulator(journal) as (running, client):
        client.v1.payment_intents.create(hold())
        httpx.post(f"{running.url}/_emulator/clock", json={"advance_seconds": WEEK})
        before = state(running)
    clock = Clock(lambda: START)
    webhooks = WebhookSettings(url="http://127.0.0.1:9/hook")
    with running_emulator(Settings(clock=clock, journal=journal, webhooks=webhooks)) as running:
        assert state(running) == before


def test_key_of_any_bytes_survives_two_restarts(tmp_path: Path, hold: Any):
    journal = tmp_path / "journal"
    request = Request("POST", "/v1/customers", b"", {b"idempotency-key": b"caf\xe9"}, b"name=Ann")
    first = Emulator(Settings(seed=7))
    restore(first, Journal(journal, 7))
    work = first.admit(request, "req_1")
    assert isinstance(work, AdmittedRequest)
    first.finish(work)
    first.admit(replace(request, headers={b"idempotency-key": b"k"}), "req_2")
    first.close()
    for _ in range(3):
        again = Emulator(Settings(seed=7))
        restore(again, Journal(journal, 7))
        assert isinstance(again.admit(request, "req_3"), Response)
        other = again.admit(replace(request, headers={b"idempotency-key": b"k"}), "req_4")
        assert isinstance(other, AdmittedRequest)
        again.close()
    assert len(again.account.customers) == 1
