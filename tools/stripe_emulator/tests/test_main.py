"""The command in a separate process."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from pydantic import ValidationError
from stripe_emulator.bounds import EmulatorBounds, WebhookBounds
from stripe_emulator.server import EmulatorServer, listen
from stripe_emulator.settings import Settings

COMMAND = [sys.executable, "-m", "stripe_emulator"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the emulator did not start"
        else:
            return


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_a_signal(stop: signal.Signals):
    port = free_port()
    with subprocess.Popen([*COMMAND, "--port", str(port)], stderr=subprocess.PIPE) as process:
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}")
        finally:
            process.send_signal(stop)
            _, log = process.communicate(timeout=60)
    assert process.returncode == (0 if stop == signal.SIGTERM else 130)
    assert f"http://127.0.0.1:{port}" in log.decode()
    assert "Traceback" not in log.decode()


@pytest.mark.parametrize("host", ["::", "192.0.2.1"])
def test_command_listens_on_loopback_only(host: str):
    refused = subprocess.run(
        [*COMMAND, "--host", host, "--port", "0"], capture_output=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert b"loopback only" in refused.stderr


def test_port_in_use_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, timeout=60, check=False
        )
    assert refused.returncode == 2
    assert b"in use" in refused.stderr


def test_localhost_is_loopback():
    with listen("localhost", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_the_environment_sets_bounds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMULATOR_HTTP_HEAD_BYTES", "5000")
    monkeypatch.setenv("EMULATOR_WEBHOOK_ATTEMPTS", "3")
    settings = Settings()
    assert settings.bounds.http_head_bytes == 5_000
    assert settings.webhooks.bounds.attempts == 3
    assert EmulatorServer(settings).config.h11_max_incomplete_event_size == 5_000


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "0"])
@pytest.mark.parametrize(
    ("bounds", "name"),
    [
        (EmulatorBounds, "EMULATOR_HTTP_HEAD_TIMEOUT_SECONDS"),
        (EmulatorBounds, "EMULATOR_DASHBOARD_TICK_SECONDS"),
        (WebhookBounds, "EMULATOR_WEBHOOK_TIMEOUT_SECONDS"),
    ],
)
def test_a_time_without_end_is_no_bound(monkeypatch, bounds, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=r"less than|greater than|finite"):
        bounds()


def test_an_invalid_bound_is_named():
    refused = subprocess.run(
        [*COMMAND, "--port", "0"],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "EMULATOR_DASHBOARD_ROWS": "0"},
    )
    assert refused.returncode == 2
    assert b"dashboard_rows" in refused.stderr
    assert b"Traceback" not in refused.stderr
