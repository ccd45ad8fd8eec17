"""The server stops in time with open pages."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from stripe_emulator.server import listen

LIVE = "/_emulator/live"


@contextmanager
def emulator() -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A process that serves, and a client of it.

    Its log has no problem, so neither that its patience with a stop ran out.
    """
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "stripe_emulator", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            headers = {"Authorization": "Bearer sk_test_1"}
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
                wait_until_healthy(http)
                yield process, http
        finally:
            process.kill()
            _, log = process.communicate(timeout=60)
    assert "Traceback" not in log.decode()
    assert "ERROR" not in log.decode()


def wait_until_healthy(http: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            assert http.get("/healthz").status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the emulator did not start"
        else:
            return


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_stop_ends_the_stream_of_an_open_page(stop: signal.Signals):
    with emulator() as (process, http), http.stream("GET", LIVE) as response:
        lines = response.iter_lines()
        assert next(lines).startswith("event: ")
        process.send_signal(stop)
        for _ in lines:  # to its end: a stream that is cut off would raise
            pass
        process.wait(timeout=60)
    assert process.returncode == (0 if stop == signal.SIGTERM else 130)


def test_stop_does_not_wait_for_a_page_that_reads_nothing():
    with emulator() as (process, http), socket.socket() as page:
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        page.connect((http.base_url.host, http.base_url.port))
        page.sendall(f"GET {LIVE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert page.recv(1) == b"H"
        for _ in range(300):  # their rows are more than the buffers between the two take
            http.get(f"/v1/customers/{'x' * 30_000}")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    assert process.returncode == 0
