"""The HTTP server of the emulator, by default on loopback only."""

import asyncio
import ipaddress
import socket
import struct

import uvicorn
from saga_http.config import bounded_config

from stripe_emulator.app import create_app
from stripe_emulator.emulator import Emulator
from stripe_emulator.settings import Settings

_NO_LINGER = struct.pack("ii", 1, 0)
_SHUTDOWN_SECONDS = 2
_SLOW_CLIENT_SECONDS = 1.0


def listen(host: str, port: int, *, beyond_loopback: bool = False) -> socket.socket:
    """Open a listening socket; port 0 takes a free port.

    Raises:
        ValueError: If the address is not a loopback address and `beyond_loopback` is false.
        OSError: If the port is in use.
    """
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback and not beyond_loopback:
        raise ValueError(
            f"The emulator listens on loopback only; {host} requires --beyond-loopback."
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


class EmulatorServer(uvicorn.Server):
    """A server of a new emulator; `run(sockets=[listen(...)])` runs it until it is stopped.

    Args:
        settings: The settings of the emulator.
        log_level: The level of the server's log, in lower case.
    """

    def __init__(self, settings: Settings | None = None, log_level: str = "info") -> None:
        settings = settings or Settings()
        app = create_app(settings, self.reset, lambda: self.should_exit)
        self.emulator: Emulator = app.state.emulator
        super().__init__(
            bounded_config(
                app,
                settings.bounds,
                log_level=log_level,
                access_log=False,
                server_header=False,
                lifespan="on",
                ws="none",
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop within two seconds, even if a client does not read its response."""
        asyncio.get_running_loop().call_later(_SLOW_CLIENT_SECONDS, self._drop_slow_clients)
        await super().shutdown(sockets)

    def _drop_slow_clients(self) -> None:
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_write_buffer_size():
                transport.abort()

    def reset(self, client: tuple[str, int] | None) -> None:
        """Reset the connection of a client, which sees ECONNRESET after the sent bytes."""
        for connection in tuple(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("peername")[:2] == client:
                sock = transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                transport.close()
