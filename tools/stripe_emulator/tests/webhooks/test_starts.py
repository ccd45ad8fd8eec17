"""Webhooks across restarts: the settings' endpoint, the journal, a hanging receiver."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from stripe_emulator.bounds import WebhookBounds
from stripe_emulator.settings import Settings, WebhookSettings
from stripe_emulator.testing import RunningEmulator, running_emulator

SECRET = "whsec_of_the_settings"


@contextmanager
def started(**settings: Any) -> Iterator[tuple[RunningEmulator, stripe.StripeClient]]:
    http_client = stripe.RequestsClient(timeout=10)
    with running_emulator(Settings(**settings)) as running:
        yield (
            running,
            stripe.StripeClient(
                "sk_test_1", base_addresses={"api": running.url}, http_client=http_client
            ),
        )
    http_client.close()


def make(client: stripe.StripeClient, *names: str) -> None:
    for name in names:
        client.v1.customers.create({"name": name})


def names(receiver: Any, count: int) -> list[str]:
    receiver.events(count)
    return [json.loads(each.body)["data"]["object"]["name"] for each in receiver.received]


def wait_until_delivered(running: RunningEmulator, count: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        (counts,) = httpx.get(f"{running.url}/_emulator/webhooks").json()["endpoints"]
        if counts["delivered"] == count:
            return
        assert time.monotonic() < deadline, counts


def test_endpoint_of_the_settings_is_created_once(receiver: Any, tmp_path: Path):
    webhooks = WebhookSettings(url=receiver.url, secret=SECRET)
    journal = tmp_path / "journal"
    made: list[str] = []
    for name in ("Ann", "Bob"):
        with started(webhooks=webhooks, journal=journal) as (running, client):
            make(client, name)
            (endpoint,) = client.v1.webhook_endpoints.list().data
            made.append(endpoint.id)
            wait_until_delivered(running, 1)
    assert names(receiver, 2) == ["Ann", "Bob"]
    assert made[0] == made[1]
    for got in receiver.received:
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], SECRET)


def test_command_forwards_events_and_logs_the_secret(receiver: Any):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options = ["--port", str(port), "--webhook-url", receiver.url, "--webhook-secret", SECRET]
    command = [sys.executable, "-m", "stripe_emulator", *options, "--webhook-host", "receiver"]
    url = f"http://127.0.0.1:{port}"
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE) as process,
        httpx.Client(transport=httpx.HTTPTransport(retries=10), base_url=url) as http,
    ):
        try:
            http.post("/v1/customers", auth=("sk_test_1", ""), data={"name": "Ann"})
            assert names(receiver, 1) == ["Ann"]
        finally:
            process.terminate()
            _, log = process.communicate(timeout=10)
    assert f"webhook_forwarding url={receiver.url} secret={SECRET}" in log.decode()
    assert "Traceback" not in log.decode()


def test_endpoint_of_the_settings_survives_a_reset(receiver: Any):
    with started(webhooks=WebhookSettings(url=receiver.url)) as (running, client):
        assert httpx.post(f"{running.url}/_emulator/reset").status_code == 204
        make(client, "Ann")
        assert names(receiver, 1) == ["Ann"]
        assert len(client.v1.webhook_endpoints.list().data) == 1


def test_undelivered_event_is_delivered_after_a_restart(receiver: Any, tmp_path: Path):
    journal = tmp_path / "journal"
    wanted: Any = {"url": receiver.url, "enabled_events": ["customer.created"]}
    with started(journal=journal) as (running, client):
        endpoint = client.v1.webhook_endpoints.create(wanted)
        make(client, "Ann")
        wait_until_delivered(running, 1)
        receiver.responses = ["hang"]
        make(client, "Bob", "Eve")
        assert names(receiver, 2) == ["Ann", "Bob"]
    with started(journal=journal):
        assert names(receiver, 4)[2:] == ["Bob", "Eve"]
    for got in receiver.received:
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], endpoint.secret)


def test_stop_does_not_wait_for_a_hanging_receiver(receiver: Any):
    receiver.responses = ["hang"]
    with started(webhooks=WebhookSettings(url=receiver.url)) as (_, client):
        make(client, "Ann")
        receiver.events(1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2


def test_hanging_receiver_delays_no_request(receiver: Any):
    receiver.responses = ["hang"]
    webhooks = WebhookSettings(url=receiver.url, bounds=WebhookBounds(timeout_seconds=0.3))
    with started(webhooks=webhooks) as (running, client):
        make(client, "Ann")
        receiver.events(1)
        make(client, "Bob")
        assert receiver.types == ["customer.created"]
        assert names(receiver, 2) == ["Ann", "Bob"]
        log = httpx.get(f"{running.url}/_emulator/webhooks/deliveries").json()["deliveries"]
    assert log[-1]["error"] == "no response within 0.3 s"


def test_host_of_the_settings_is_contacted():
    webhooks = WebhookSettings(
        url="http://receiver.invalid/", hosts=frozenset({"receiver.invalid"})
    )
    with started(webhooks=webhooks) as (running, client):
        make(client, "Ann")
        log: list[dict[str, Any]] = []
        while not log:
            log = httpx.get(f"{running.url}/_emulator/webhooks/deliveries").json()["deliveries"]
    assert "receiver.invalid" in log[0]["error"]
    assert log[0]["outcome"] == "retried"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_concurrent_deliveries_are_configurable(receiver: Any, host: str):
    receiver.responses = ["hang", "hang"]
    url = receiver.url.replace("127.0.0.1", host)
    webhooks = WebhookSettings(url=url, bounds=WebhookBounds(concurrency=3))
    with started(webhooks=webhooks) as (_, client):
        make(client, "Ann", "Bob", "Eve")
        assert sorted(names(receiver, 3)) == ["Ann", "Bob", "Eve"]
