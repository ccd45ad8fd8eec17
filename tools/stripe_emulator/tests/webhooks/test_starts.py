"""Webhooks across starts and stops: the settings' endpoint, the journal, a receiver that hangs."""

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
from stripe_emulator.settings import Settings
from stripe_emulator.testing import RunningEmulator, running_emulator
from stripe_emulator.webhook_settings import WebhookSettings

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
    return [json.loads(each.body)["data"]["object"]["name"] for each in receiver.got]


def wait_until_delivered(running: RunningEmulator, count: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        (counts,) = httpx.get(f"{running.url}/_emulator/webhooks").json()["endpoints"]
        if counts["delivered"] == count:
            return
        assert time.monotonic() < deadline, counts


def test_the_endpoint_of_the_settings_is_there_once(receiver: Any, tmp_path: Path):
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
    for got in receiver.got:
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], SECRET)


def test_the_command_forwards_events_and_says_how_they_are_signed(receiver: Any):
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
    assert f"Events go to {receiver.url}, signed with {SECRET}" in log.decode()
    assert "Traceback" not in log.decode()


def test_the_endpoint_of_the_settings_survives_a_reset(receiver: Any):
    with started(webhooks=WebhookSettings(url=receiver.url)) as (running, client):
        assert httpx.post(f"{running.url}/_emulator/reset").status_code == 204
        make(client, "Ann")
        assert names(receiver, 1) == ["Ann"]
        assert len(client.v1.webhook_endpoints.list().data) == 1


def test_what_was_not_delivered_is_delivered_after_a_restart(receiver: Any, tmp_path: Path):
    journal = tmp_path / "journal"
    wanted: Any = {"url": receiver.url, "enabled_events": ["customer.created"]}
    with started(journal=journal) as (running, client):
        endpoint = client.v1.webhook_endpoints.create(wanted)
        make(client, "Ann")
        wait_until_delivered(running, 1)
        receiver.answers = ["hang"]
        make(client, "Bob", "Eve")
        assert names(receiver, 2) == ["Ann", "Bob"]
    with started(journal=journal):
        assert names(receiver, 4)[2:] == ["Bob", "Eve"]
    for got in receiver.got:
        stripe.Webhook.construct_event(got.body, got.headers["Stripe-Signature"], endpoint.secret)


def test_a_stop_does_not_wait_for_a_receiver_that_hangs(receiver: Any):
    receiver.answers = ["hang"]
    with started(webhooks=WebhookSettings(url=receiver.url)) as (_, client):
        make(client, "Ann")
        receiver.events(1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2


def test_a_receiver_that_hangs_is_not_waited_for_and_delays_no_request(receiver: Any):
    receiver.answers = ["hang"]
    webhooks = WebhookSettings(url=receiver.url, timeout_seconds=0.3)
    with started(webhooks=webhooks) as (running, client):
        make(client, "Ann")
        receiver.events(1)
        make(client, "Bob")
        assert receiver.types == ["customer.created"]
        assert names(receiver, 2) == ["Ann", "Bob"]
        log = httpx.get(f"{running.url}/_emulator/webhooks/deliveries").json()["deliveries"]
    assert log[-1]["error"] == "no answer within 0.3 s"


def test_a_host_of_the_settings_is_contacted():
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
def test_several_events_may_be_under_way_at_once(receiver: Any, host: str):
    receiver.answers = ["hang", "hang"]
    url = receiver.url.replace("127.0.0.1", host)
    webhooks = WebhookSettings(url=url, concurrency=3)
    with started(webhooks=webhooks) as (_, client):
        make(client, "Ann", "Bob", "Eve")
        assert sorted(names(receiver, 3)) == ["Ann", "Bob", "Eve"]
