"""A TCP proxy before PostgreSQL's socket that cuts, freezes and loses what passes through it."""

import contextlib
import select
import socket
import threading
from pathlib import Path
from typing import Self

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The message that psycopg2 sends: https://www.postgresql.org/docs/current/protocol-message-formats.html"""


class Link:
    """One client's connection; a thread forwards both directions."""

    def __init__(self, proxy: "Proxy", client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self._proxy = proxy
        threading.Thread(target=self._forward, daemon=True).start()

    def cut(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _forward(self) -> None:
        with self.client, self.server, contextlib.suppress(OSError):
            while True:
                readable, _, _ = select.select([self.client, self.server], [], [])
                self._proxy.open.wait()
                for source in readable:
                    data = source.recv(65_536)
                    if not data:
                        return
                    if source is self.client:
                        self.server.sendall(data)
                        if data == COMMIT and self._proxy.loses_commit():
                            self.server.recv(1)  # it is committed: the response is on its way
                            return
                    else:
                        self.client.sendall(data)


class Proxy:
    """Listens on a port of 127.0.0.1 for clients of a PostgreSQL with a Unix socket."""

    def __init__(self, socket_folder: str) -> None:
        self._path = str(Path(socket_folder) / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[Link] = []
        self._lock = threading.Lock()
        self.commits_to_lose = 0
        self.commits_lost = 0
        self.open = threading.Event()
        self.open.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def cut(self) -> None:
        """Close every connection, as a restarted load balancer does."""
        for link in self._links:
            link.cut()

    def freeze(self) -> None:
        """Forward nothing more; the kernel goes on acknowledging."""
        self.open.clear()

    def thaw_new(self) -> None:
        """Serve new connections; the frozen ones stay silent for good."""
        frozen, self.open = self.open, threading.Event()
        self.open.set()
        for link in self._links:
            link._proxy = _Frozen(frozen)
        self._links = []

    def loses_commit(self) -> bool:
        """Return True if the response to this commit is to be lost."""
        with self._lock:
            lost = self.commits_lost < self.commits_to_lose
            self.commits_lost += lost
            return lost

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                self._links.append(Link(self, client, server))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self.open.set()


class _Frozen:
    """Stands for the proxy in links that stay frozen."""

    def __init__(self, event: threading.Event) -> None:
        self.open = event

    def loses_commit(self) -> bool:
        return False
