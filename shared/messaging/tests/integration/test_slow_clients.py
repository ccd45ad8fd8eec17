"""A running process under slow, endless and many clients: neither side stops the other."""

import contextlib
import itertools
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Self

import psutil
import pytest
from messaging_testing.messages import command

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(300)]

CONNECTIONS = 100
HALF_REQUESTS = 1_000
MESSAGES = 1_000
SECONDS = 5
BOUNDS = {
    "http_max_connections": str(CONNECTIONS),
    "http_head_timeout_seconds": "2",
    "http_body_timeout_seconds": "2",
}
HEAD = b"POST /readyz HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ENDLESS = {
    "head": (HEAD, b"X-A: " + b"a" * 1_000 + b"\r\n"),
    "one header": (HEAD + b"X-A: ", b"a" * 1_000),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 100),
    "one chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"x" * 1_000),
    "slow": (HEAD + b"Content-Length: 60000\r\n\r\n", b"x"),
}


class Attack:
    """Clients in threads that send without end, and connect again whenever they are refused."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(start, part, 0.02 if name == "slow" else 0))
            for name, (start, part) in ENDLESS.items()
        ]
        self._half: list[socket.socket] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        for number in range(HALF_REQUESTS):
            with contextlib.suppress(OSError):
                self._half.append(one := socket.create_connection(("127.0.0.1", self._port), 5))
                one.sendall([b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"][number % 3])
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for one in self._half:
            one.close()

    def _send(self, start: bytes, part: bytes, pause_seconds: float) -> None:
        while not self._stop.is_set():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self._port), 5) as client,
            ):
                client.sendall(start)
                while not self._stop.wait(pause_seconds):
                    client.sendall(part)


@pytest.fixture
def process(system) -> Iterator:
    process = system.start(**BOUNDS)
    process.await_ready()
    yield process
    process.require_running()


def delays(port: int, seconds: float) -> list[float]:
    """Return the duration of each `GET /healthz`, one after the other, over a time."""
    durations: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
            assert response.status == 200
        durations.append(time.monotonic() - began)
        time.sleep(0.02)
    return durations


def median(durations: list[float]) -> float:
    return sorted(durations)[len(durations) // 2]


def test_health_and_messages_go_on_under_slow_endless_and_half_requests(
    system, process, record_property
):
    observed = psutil.Process(process.pid)
    messages = [command(f"saga-{number % 50}") for number in range(MESSAGES)]
    with Attack(process.port):
        system.send(messages)
        durations = delays(process.port, SECONDS)
        open_files = observed.num_fds()
        system.await_rest(MESSAGES, 60)
        memory = observed.memory_info().rss
    system.check_exactly_once({message.message_id for message in messages})
    record_property(
        "summary",
        f"healthz under attack: median {median(durations) * 1e3:.0f} ms, "
        f"longest {max(durations) * 1e3:.0f} ms of {len(durations)}; {open_files} open files; "
        f"{memory / 2**20:.0f} MiB",
    )
    assert median(durations) < 1
    assert open_files < CONNECTIONS + 100
    assert memory < 400 * 2**20
    assert "livelock" not in process.log.read_text().lower()
    process.await_ready()


def test_a_busy_consumer_does_not_make_health_slow(system, process, record_property):
    numbers = itertools.count()
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            system.send([command(f"saga-{next(numbers) % 50}") for _ in range(500)])
            time.sleep(0.3)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        durations = delays(process.port, SECONDS)
    finally:
        stop.set()
        thread.join()
    record_property(
        "summary",
        f"healthz of a busy consumer: median {median(durations) * 1e3:.0f} ms, "
        f"longest {max(durations) * 1e3:.0f} ms of {len(durations)}",
    )
    assert median(durations) < 1
    process.require_running()
