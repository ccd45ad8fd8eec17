"""Slow, endless and many clients, against a real server with small bounds."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from saga_http import protocol
from saga_http.bounds import HttpBounds
from saga_http.config import bounded_config

PATIENCE_SECONDS = 30
BOUNDS = HttpBounds(
    http_max_connections=20,
    http_head_bytes=4_096,
    http_head_timeout_seconds=0.3,
    http_body_timeout_seconds=0.3,
    http_stall_timeout_seconds=0.3,
    http_keep_alive_seconds=1,
)
HEAD = b"POST /read HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE_BYTES = 32 * 1024 * 1024


class Server:
    """A running server, its port, and what its application saw."""

    def __init__(self, bounds: HttpBounds, *, loop: str = "asyncio") -> None:
        self.disconnected: list[str] = []
        self.release = threading.Event()
        config = bounded_config(
            self.app, bounds, log_config=None, access_log=False, loop=loop, interface="asgi3"
        )
        self._server = uvicorn.Server(config)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=bounds.http_backlog)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}
        )

    async def app(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b"ok"
        if scope["path"] == "/read":
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnected.append(scope["path"])
                    return
                more = message["more_body"]
        elif scope["path"] == "/large":
            body = b"x" * LARGE_BYTES
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @property
    def connections(self) -> int:
        return len(self._server.server_state.connections)

    def start(self) -> None:
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)

    def is_well(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).text == "ok"


both_loops = pytest.mark.parametrize("server", ["asyncio", "uvloop"], indirect=True)


@pytest.fixture
def server(request, monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.1)
    server = Server(BOUNDS, loop=getattr(request, "param", "uvloop"))
    server.start()
    yield server
    server.stop()


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answer(client: socket.socket) -> tuple[int, dict]:
    """Read to the end of the connection; return the status and the problem."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := client.recv(65_536):
            received += data
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("start", [b"", b"GET / HT", HEAD, HEAD + b"X-A: b"])
def test_a_head_that_does_not_arrive_in_time_is_408(server, start):
    with server.connect() as client:
        client.sendall(start)
        status, problem = answer(client)
    assert (status, problem["status"]) == (408, 408)
    assert "head did not arrive within 0.3 s" in problem["detail"]
    until(lambda: server.connections == 0)


def test_a_second_head_on_a_connection_has_a_time_limit_too(server):
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in client.recv(65_536)
        client.sendall(HEAD)
        assert answer(client)[0] == 408


@pytest.mark.parametrize(
    "start",
    [
        HEAD + b"Content-Length: 100\r\n\r\nbegin",
        CHUNKED,
        CHUNKED + b"5\r\nabcde\r\n",
        CHUNKED + b"0\r\nX-Trailer: ",
    ],
)
def test_a_body_that_does_not_arrive_in_time_is_408(server, start):
    with server.connect() as client:
        client.sendall(start)
        status, problem = answer(client)
    assert status == 408
    assert "body did not arrive within 0.3 s" in problem["detail"]
    until(lambda: server.disconnected == ["/read"])
    until(lambda: server.connections == 0)


@both_loops
def test_a_body_that_trickles_for_ever_is_408(server):
    with server.connect() as client:
        client.sendall(CHUNKED)
        stop = threading.Event()

        def trickle():
            with contextlib.suppress(OSError):
                while not stop.wait(0.02):
                    client.sendall(b"1\r\nx\r\n")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert answer(client)[0] == 408
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("part", [b"X-A: " + b"a" * 1_000, b"X-B: b\r\n"])
def test_a_head_without_end_is_431(server, part):
    with server.connect() as client:
        client.sendall(HEAD)
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                client.sendall(part)
        status, problem = answer(client)
    assert status == 431
    assert "4096 bytes" in problem["detail"]


@pytest.mark.parametrize(
    "endless", [b"5;" + b"x" * 100_000, b"0\r\n" + b"X-T: t\r\n" * 20_000], ids=["chunk", "trailer"]
)
def test_the_rest_of_a_chunked_body_is_bounded(server, endless):
    with server.connect() as client:
        client.sendall(CHUNKED)
        with contextlib.suppress(OSError):
            client.sendall(endless)
        assert answer(client)[0] in {400, 431}
    until(lambda: server.connections == 0)


@both_loops
def test_a_client_that_does_not_read_its_response_is_reset(server):
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: server.connections == 1)
        until(lambda: server.connections == 0)


@both_loops
def test_a_response_before_the_end_of_the_body_closes_the_connection(server):
    with server.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        received = b""
        while data := client.recv(65_536):
            received += data
        assert received.startswith(b"HTTP/1.1 200")
        until(lambda: server.connections == 0)


def test_an_invalid_request_is_400(server):
    with server.connect() as client:
        client.sendall(b"\x16\x03\x01 is TLS\r\n\r\n")
        assert answer(client)[0] == 400


@both_loops
@pytest.mark.parametrize("start", [b"", HEAD, CHUNKED + b"5\r\nabcde\r\n"])
def test_a_thousand_incomplete_requests_leave_room_for_others(server, start):
    """They share 20 connections, and a complete request is always answered."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    clients = []
    try:
        for _ in range(300):
            clients.append(client := server.connect())
            client.sendall(start)
        assert server.is_well()
        opened = len(list(Path("/proc/self/fd").iterdir())) - before - len(clients)
        assert opened <= BOUNDS.http_max_connections + 5
    finally:
        for client in clients:
            client.close()


def test_idle_connections_are_kept_for_a_while_and_used_again(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
        for _ in range(3):
            assert client.get("/").text == "ok"
            assert client.post("/read", content=b"x" * 100_000).text == "ok"
        assert server.connections == 1
    until(lambda: server.connections == 0)


@both_loops
def test_pipelined_requests_are_answered_in_order(server):
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
        received = b""
        while received.count(b"200 OK") < 5:
            data = client.recv(65_536)
            assert data
            received += data


@both_loops
def test_a_large_response_is_read_at_the_clients_pace(server):
    url = f"http://127.0.0.1:{server.port}/large"
    assert len(httpx.get(url, timeout=PATIENCE_SECONDS).content) == LARGE_BYTES


def test_a_shutdown_does_not_wait_for_an_incomplete_request():
    server = Server(HttpBounds())
    server.start()
    with server.connect() as client:
        client.sendall(HEAD)
        until(lambda: server.connections == 1)
        server.stop()
